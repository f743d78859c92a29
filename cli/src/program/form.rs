// SPDX-License-Identifier: Apache-2.0
//! A program as JSON, for people and for languages without an SDK. What operators there are, and their parameters, follows from
//! the types of `quern-program` themselves.

use anyhow::{bail, ensure, Context};
use codec::{Decode, Encode};
use quern_program::{Constant, DType, Op, OpKind, Program, Shape, TensorType, Value};
use scale_info::{form::PortableForm, MetaType, PortableRegistry, Registry, TypeDef, TypeDefPrimitive, Variant};
use serde::{Deserialize, Serialize};
use serde_json::{json, Map, Value as Json};
use std::collections::BTreeMap;

/// A program's file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// The task's inputs.
    pub inputs: Vec<InputForm>,
    /// Tensors that are part of the program.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constants: Vec<ConstantForm>,
    /// Number of loop steps; none without a loop.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub steps: u32,
    /// Operators that make the first state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub init: Vec<Map<String, Json>>,
    /// The first state: values of `init`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub state: Vec<StateForm>,
    /// Operators of one loop step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub body: Vec<Map<String, Json>>,
    /// The next state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<String>,
    /// Operators that make the output.
    pub finish: Vec<Map<String, Json>>,
    /// The output: a value of `finish`.
    pub output: String,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// An input: a type, with a name or without.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum InputForm {
    /// Without.
    Type(String),
    /// With.
    Named {
        /// The name.
        name: String,
        /// The type, such as `i8[4, 8]`.
        r#type: String,
    },
}

/// A tensor that is part of the program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConstantForm {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its type.
    pub r#type: String,
    /// Its elements, row by row.
    pub values: Vec<i32>,
}

/// A state tensor: the value that it starts with, with a name or without.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum StateForm {
    /// Without.
    Value(String),
    /// With.
    Named {
        /// The name.
        name: String,
        /// The value.
        value: String,
    },
}

/// A program from its text. Whether it is valid is for `Program::check` to say.
pub fn parse(text: &str) -> anyhow::Result<Program> {
    let form: Form = serde_json::from_str(text)?;
    let mut names = Names::default();
    let mut inputs = Vec::new();
    for (index, input) in (0u16..).zip(&form.inputs) {
        let (name, ty) = match input {
            InputForm::Type(ty) => (None, ty),
            InputForm::Named { name, r#type } => (Some(name), r#type),
        };
        inputs.push(parse_type(ty).with_context(|| format!("inputs[{index}]"))?);
        names.add(name, Value::Input(index)).with_context(|| format!("inputs[{index}]"))?;
    }
    let mut constants = Vec::new();
    for (index, constant) in (0u16..).zip(&form.constants) {
        let parsed = parse_constant(constant).and_then(|parsed| {
            names.add(constant.name.as_ref(), Value::Const(index))?;
            Ok(parsed)
        });
        constants.push(parsed.with_context(|| format!("constants[{index}]"))?);
    }
    let operators = Operators::new();
    let (init, of_init) = operators.block("init", &form.init, &names)?;
    let mut of_loop = names.clone();
    let mut state = Vec::new();
    for (index, entry) in (0u16..).zip(&form.state) {
        let (name, value) = match entry {
            StateForm::Value(value) => (None, value),
            StateForm::Named { name, value } => (Some(name), value),
        };
        let place = || format!("state[{index}]");
        state.push(of_init.value(value).with_context(place)?);
        of_loop.add(name, Value::State(index)).with_context(place)?;
    }
    let (body, of_body) = operators.block("body", &form.body, &of_loop)?;
    let next = form
        .next
        .iter()
        .enumerate()
        .map(|(index, value)| of_body.value(value).with_context(|| format!("next[{index}]")));
    let next = next.collect::<anyhow::Result<_>>()?;
    let (finish, of_finish) = operators.block("finish", &form.finish, &of_loop)?;
    let output = of_finish.value(&form.output).context("output")?;
    Ok(Program { inputs, constants, init, state, body, next, steps: form.steps, finish, output })
}

/// The form of a program. Names are not kept by a program, so values are named by their places.
pub fn of(program: &Program) -> anyhow::Result<Form> {
    let operators = Operators::new();
    let block = |ops: &[Op]| ops.iter().map(|op| operators.show(op)).collect::<anyhow::Result<Vec<_>>>();
    let values = |values: &[Value]| values.iter().map(|value| show_value(*value)).collect::<Vec<_>>();
    let constants = program.constants.iter().map(|constant| ConstantForm {
        name: None,
        r#type: show_type(&constant.ty),
        values: stored(constant),
    });
    Ok(Form {
        inputs: program.inputs.iter().map(|ty| InputForm::Type(show_type(ty))).collect(),
        constants: constants.collect(),
        steps: program.steps,
        init: block(&program.init)?,
        state: values(&program.state).into_iter().map(StateForm::Value).collect(),
        body: block(&program.body)?,
        next: values(&program.next),
        finish: block(&program.finish)?,
        output: show_value(program.output),
    })
}

/// A type as text: `i8[4, 8]`.
pub fn show_type(ty: &TensorType) -> String {
    format!("{:?}{:?}", ty.dtype, ty.shape).to_lowercase()
}

fn parse_type(text: &str) -> anyhow::Result<TensorType> {
    let bad =
        || format!("{text:?} is no type: an element type (i8, i16, i32) with 1 to 4 dimensions, such as i8[4, 8]");
    let (dtype, dims) = text.trim().split_once('[').with_context(bad)?;
    let dims = dims.strip_suffix(']').with_context(bad)?;
    let dims: Vec<u32> = dims.split(',').map(|dim| dim.trim().parse().ok()).collect::<Option<_>>().with_context(bad)?;
    let dtype = match dtype.trim() {
        "i8" => DType::I8,
        "i16" => DType::I16,
        "i32" => DType::I32,
        _ => bail!(bad()),
    };
    Ok(TensorType::new(dtype, Shape::new(&dims).with_context(bad)?))
}

fn parse_constant(form: &ConstantForm) -> anyhow::Result<Constant> {
    let ty = parse_type(&form.r#type)?;
    ensure!(
        form.values.len() as u64 == ty.elements(),
        "{} values for {} elements of {}",
        form.values.len(),
        ty.elements(),
        form.r#type
    );
    let range = stored_range(ty.dtype);
    if let Some(value) = form.values.iter().find(|value| !range.contains(value)) {
        bail!("{value} is not within {}..={} of {}", range.start(), range.end(), form.r#type);
    }
    let width = ty.dtype.bytes() as usize;
    let bytes = form.values.iter().flat_map(|value| value.to_le_bytes().into_iter().take(width)).collect();
    Ok(Constant { ty, bytes })
}

/// The elements of a constant as they are stored: a program's id depends on every byte.
fn stored(constant: &Constant) -> Vec<i32> {
    let width = constant.ty.dtype.bytes() as usize;
    let element = |bytes: &[u8]| match *bytes {
        [a] => i32::from(a as i8),
        [a, b] => i32::from(i16::from_le_bytes([a, b])),
        [a, b, c, d] => i32::from_le_bytes([a, b, c, d]),
        _ => 0,
    };
    constant.bytes.chunks_exact(width).map(element).collect()
}

/// What can be stored. A stored -128 of an `i8` reads as -127.
fn stored_range(dtype: DType) -> std::ops::RangeInclusive<i32> {
    match dtype {
        DType::I8 => i8::MIN.into()..=i8::MAX.into(),
        other => other.min()..=other.max(),
    }
}

fn show_value(value: Value) -> String {
    match value {
        Value::Input(index) => format!("input:{index}"),
        Value::Const(index) => format!("const:{index}"),
        Value::State(index) => format!("state:{index}"),
        Value::Op(index) => format!("op:{index}"),
        Value::Step => "step".into(),
    }
}

/// What can be named at a place.
#[derive(Clone, Debug, Default)]
struct Names(BTreeMap<String, Value>);

impl Names {
    fn add(&mut self, name: Option<&String>, value: Value) -> anyhow::Result<()> {
        let Some(name) = name else { return Ok(()) };
        let is_plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        ensure!(is_plain && name != "step", "{name:?} is no name: letters, digits and _, and not \"step\"");
        ensure!(self.0.insert(name.clone(), value).is_none(), "the name {name:?} is taken");
        Ok(())
    }

    fn value(&self, text: &str) -> anyhow::Result<Value> {
        if text == "step" {
            return Ok(Value::Step);
        }
        if let Some(value) = self.0.get(text) {
            return Ok(*value);
        }
        let numbered = text.split_once(':').and_then(|(kind, index)| Some((kind, index.parse().ok()?)));
        Ok(match numbered {
            Some(("input", index)) => Value::Input(index),
            Some(("const", index)) => Value::Const(index),
            Some(("state", index)) => Value::State(index),
            Some(("op", index)) => Value::Op(index),
            _ => {
                let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
                bail!(
                    "there is no value {text:?} here; values are input:N, const:N, state:N, op:N, step, and the names {known:?}"
                )
            }
        })
    }
}

/// The operators, as the types describe them.
struct Operators {
    types: PortableRegistry,
    kinds: Vec<Variant<PortableForm>>,
}

impl Operators {
    fn new() -> Self {
        let mut registry = Registry::new();
        let id = registry.register_type(&MetaType::new::<OpKind>()).id;
        let types: PortableRegistry = registry.into();
        let kinds = match types.resolve(id).map(|ty| &ty.type_def) {
            Some(TypeDef::Variant(kinds)) => kinds.variants.clone(),
            _ => Vec::new(),
        };
        Self { types, kinds }
    }

    /// The operators of a block, and the names that are known at its end.
    fn block(&self, block: &str, forms: &[Map<String, Json>], names: &Names) -> anyhow::Result<(Vec<Op>, Names)> {
        let mut names = names.clone();
        let mut ops = Vec::new();
        for (index, form) in (0u16..).zip(forms) {
            let place = || match form.get("name").and_then(Json::as_str) {
                Some(name) => format!("{block}[{index}] ({name})"),
                None => format!("{block}[{index}]"),
            };
            ops.push(self.read(form, &names).with_context(place)?);
            let name = form.get("name").map(|name| name.as_str().map(str::to_owned).context("the name is no text"));
            names.add(name.transpose().with_context(place)?.as_ref(), Value::Op(index)).with_context(place)?;
        }
        Ok((ops, names))
    }

    fn read(&self, form: &Map<String, Json>, names: &Names) -> anyhow::Result<Op> {
        let op = form.get("op").and_then(Json::as_str).context("it has no \"op\"")?;
        let kind = self.kinds.iter().find(|kind| snake_case(&kind.name) == op).with_context(|| {
            let known: Vec<String> = self.kinds.iter().map(|kind| snake_case(&kind.name)).collect();
            format!("there is no operator {op:?}; there are {}", known.join(", "))
        })?;
        let fields: Vec<&str> = kind.fields.iter().filter_map(|field| field.name.as_deref()).collect();
        for key in form.keys().map(String::as_str) {
            let is_known = ["name", "op", "args"].contains(&key) || fields.contains(&key);
            ensure!(is_known, "{op} has no parameter {key:?}; it has {fields:?}");
        }
        let mut encoded = vec![kind.index];
        for field in &kind.fields {
            let name = field.name.as_deref().unwrap_or_default();
            let value = form.get(name).with_context(|| format!("{op} needs the parameter {name:?}"))?;
            self.encode(field.ty.id, value, &mut encoded).with_context(|| format!("parameter {name:?}"))?;
        }
        let kind = OpKind::decode(&mut encoded.as_slice()).map_err(|error| anyhow::anyhow!("{op}: {error}"))?;
        let args = match form.get("args") {
            None => Vec::new(),
            Some(Json::Array(args)) => args
                .iter()
                .enumerate()
                .map(|(index, arg)| {
                    let value = arg.as_str().context("it is no text").and_then(|text| names.value(text));
                    value.with_context(|| format!("args[{index}]"))
                })
                .collect::<anyhow::Result<_>>()?,
            Some(_) => bail!("\"args\" is no list"),
        };
        Ok(Op { kind, args })
    }

    fn show(&self, op: &Op) -> anyhow::Result<Map<String, Json>> {
        let encoded = op.kind.encode();
        let (index, mut rest) = encoded.split_first().context("an empty encoding")?;
        let kind = self.kinds.iter().find(|kind| kind.index == *index).context("an unknown operator")?;
        let mut form = Map::new();
        form.insert("op".into(), snake_case(&kind.name).into());
        for field in &kind.fields {
            let value = self.decode(field.ty.id, &mut rest)?;
            form.insert(field.name.clone().unwrap_or_default(), value);
        }
        let args: Vec<Json> = op.args.iter().map(|value| show_value(*value).into()).collect();
        form.insert("args".into(), args.into());
        Ok(form)
    }

    fn encode(&self, id: u32, value: &Json, out: &mut Vec<u8>) -> anyhow::Result<()> {
        match self.types.resolve(id).map(|ty| &ty.type_def).context("an unknown type")? {
            TypeDef::Primitive(primitive) => encode_primitive(primitive, value, out),
            TypeDef::Sequence(sequence) => {
                let list = value.as_array().with_context(|| format!("{value} is no list"))?;
                codec::Compact(list.len() as u32).encode_to(out);
                list.iter().try_for_each(|entry| self.encode(sequence.type_param.id, entry, out))
            }
            TypeDef::Array(array) => {
                let list = value.as_array().with_context(|| format!("{value} is no list"))?;
                ensure!(list.len() as u64 == u64::from(array.len), "{value} has not {} entries", array.len);
                list.iter().try_for_each(|entry| self.encode(array.type_param.id, entry, out))
            }
            TypeDef::Variant(variants) => {
                let text = value.as_str().with_context(|| format!("{value} is no text"))?;
                let found = variants.variants.iter().find(|variant| snake_case(&variant.name) == text);
                let found = found.with_context(|| {
                    let known: Vec<String> = variants.variants.iter().map(|one| snake_case(&one.name)).collect();
                    format!("{text:?} is none of {}", known.join(", "))
                })?;
                ensure!(found.fields.is_empty(), "{text:?} needs parameters that this format cannot say");
                out.push(found.index);
                Ok(())
            }
            other => bail!("this format cannot say a parameter of the kind {other:?}"),
        }
    }

    fn decode(&self, id: u32, bytes: &mut &[u8]) -> anyhow::Result<Json> {
        match self.types.resolve(id).map(|ty| &ty.type_def).context("an unknown type")? {
            TypeDef::Primitive(primitive) => decode_primitive(primitive, bytes),
            TypeDef::Sequence(sequence) => {
                let len = codec::Compact::<u32>::decode(bytes)?.0;
                let list = (0..len).map(|_| self.decode(sequence.type_param.id, bytes));
                Ok(Json::Array(list.collect::<anyhow::Result<_>>()?))
            }
            TypeDef::Array(array) => {
                let list = (0..array.len).map(|_| self.decode(array.type_param.id, bytes));
                Ok(Json::Array(list.collect::<anyhow::Result<_>>()?))
            }
            TypeDef::Variant(variants) => {
                let index = u8::decode(bytes)?;
                let found =
                    variants.variants.iter().find(|variant| variant.index == index && variant.fields.is_empty());
                Ok(snake_case(&found.context("a variant that this format cannot say")?.name).into())
            }
            other => bail!("this format cannot say a parameter of the kind {other:?}"),
        }
    }
}

/// A number of a type that JSON numbers hold.
fn encode_primitive(primitive: &TypeDefPrimitive, value: &Json, out: &mut Vec<u8>) -> anyhow::Result<()> {
    fn number<T: TryFrom<i64> + Encode>(value: &Json, what: &str, out: &mut Vec<u8>) -> anyhow::Result<()> {
        let number = value.as_i64().and_then(|number| T::try_from(number).ok());
        number.with_context(|| format!("{value} is no {what}"))?.encode_to(out);
        Ok(())
    }
    match primitive {
        TypeDefPrimitive::U8 => number::<u8>(value, "whole number of 0 to 255", out),
        TypeDefPrimitive::U16 => number::<u16>(value, "whole number of 16 bits without a sign", out),
        TypeDefPrimitive::U32 => number::<u32>(value, "whole number of 32 bits without a sign", out),
        TypeDefPrimitive::I8 => number::<i8>(value, "whole number of 8 bits", out),
        TypeDefPrimitive::I16 => number::<i16>(value, "whole number of 16 bits", out),
        TypeDefPrimitive::I32 => number::<i32>(value, "whole number of 32 bits", out),
        TypeDefPrimitive::Bool => {
            value.as_bool().with_context(|| format!("{value} is neither true nor false"))?.encode_to(out);
            Ok(())
        }
        other => bail!("this format cannot say a parameter of the kind {other:?}"),
    }
}

fn decode_primitive(primitive: &TypeDefPrimitive, bytes: &mut &[u8]) -> anyhow::Result<Json> {
    Ok(match primitive {
        TypeDefPrimitive::U8 => json!(u8::decode(bytes)?),
        TypeDefPrimitive::U16 => json!(u16::decode(bytes)?),
        TypeDefPrimitive::U32 => json!(u32::decode(bytes)?),
        TypeDefPrimitive::I8 => json!(i8::decode(bytes)?),
        TypeDefPrimitive::I16 => json!(i16::decode(bytes)?),
        TypeDefPrimitive::I32 => json!(i32::decode(bytes)?),
        TypeDefPrimitive::Bool => json!(bool::decode(bytes)?),
        other => bail!("this format cannot say a parameter of the kind {other:?}"),
    })
}

/// `MatmulNt` as `matmul_nt`.
fn snake_case(name: &str) -> String {
    let mut text = String::new();
    for (index, letter) in name.char_indices() {
        if letter.is_uppercase() && index > 0 {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use quern_sdk::models::{Mlp, Training};

    const DOUBLE: &str = r#"{
        "inputs": [{ "name": "x", "type": "i8[4]" }],
        "finish": [{ "name": "y", "op": "add", "args": ["x", "x"] }],
        "output": "y"
    }"#;

    fn refusal(from: &str, to: &str) -> String {
        assert!(DOUBLE.contains(from), "{from}");
        let refused = parse(&DOUBLE.replace(from, to));
        format!("{:#}", refused.expect_err("it is wrong"))
    }

    #[test]
    fn program_should_be_that_of_the_builder_when_it_is_written_by_hand() {
        let mut b = quern_program::ProgramBuilder::new();
        let x = b.input(DType::I8, &[4]);
        let y = b.add(x, x);
        assert_eq!(parse(DOUBLE).unwrap(), *b.build(y).unwrap().program());
    }

    #[test]
    fn loop_should_know_its_state_by_name() {
        let text = r#"{
            "inputs": ["i32[2]"],
            "constants": [{ "name": "one", "type": "i32[1]", "values": [1] }],
            "steps": 3,
            "init": [{ "op": "add", "args": ["input:0", "one"] }],
            "state": [{ "name": "sum", "value": "op:0" }],
            "body": [{ "name": "more", "op": "add", "args": ["sum", "step"] }],
            "next": ["more"],
            "finish": [{ "name": "cut", "op": "clamp", "lo": -5, "hi": 5, "args": ["sum"] }],
            "output": "cut"
        }"#;
        let program = parse(text).unwrap();
        assert_eq!(program.body[0].args, [Value::State(0), Value::Step]);
        assert_eq!(program.finish[0].kind, OpKind::Clamp { lo: -5, hi: 5 });
        program.check().unwrap();
    }

    #[test]
    fn mistakes_should_be_named_with_their_place() {
        assert!(refusal("\"add\"", "\"plus\"")
            .starts_with("finish[0] (y): there is no operator \"plus\"; there are matmul_nt,"));
        assert!(refusal("[\"x\", \"x\"]", "[\"x\", \"z\"]")
            .starts_with("finish[0] (y): args[1]: there is no value \"z\" here"));
        assert!(refusal("i8[4]", "i9[4]").starts_with("inputs[0]: \"i9[4]\" is no type"));
        assert!(refusal("\"add\",", "\"clamp\", \"lo\": 1,").contains("clamp needs the parameter \"hi\""));
        assert!(refusal("\"add\",", "\"clamp\", \"lo\": 1.5, \"hi\": 2,").contains("1.5 is no whole number of 32 bits"));
        assert!(refusal("\"add\",", "\"add\", \"axis\": 1,").contains("add has no parameter \"axis\""));
        assert!(refusal("\"output\": \"y\"", "\"output\": \"q\"").starts_with("output: there is no value"));
        assert!(refusal("\"y\", \"op\"", "\"x\", \"op\"").contains("the name \"x\" is taken"));
        assert!(refusal("\"finish\"", "\"finnish\"").contains("finnish"));
    }

    #[test]
    fn constant_should_be_refused_when_its_values_do_not_fit_its_type() {
        let with = |ty: &str, values: &str| {
            let constant = format!("\"constants\": [{{ \"type\": \"{ty}\", \"values\": {values} }}], \"finish\"");
            refusal("\"finish\"", &constant)
        };
        assert_eq!(with("i8[2]", "[1]"), "constants[0]: 1 values for 2 elements of i8[2]");
        assert_eq!(with("i8[1]", "[-129]"), "constants[0]: -129 is not within -128..=127 of i8[1]");
    }

    #[test]
    fn programs_of_the_sdk_should_survive_when_written_and_read() {
        let checked = Mlp::digits().local_training(&Training::digits()).unwrap();
        let text = serde_json::to_string(&of(checked.program()).unwrap()).unwrap();
        assert_eq!(parse(&text).unwrap(), *checked.program());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_program_should_survive_when_written_and_read(seed: u64) {
            let (checked, _) = quern_program::arbitrary::random_program(seed);
            let text = serde_json::to_string(&of(checked.program()).unwrap()).unwrap();
            prop_assert_eq!(parse(&text).unwrap(), checked.program().clone());
        }

        #[test]
        fn any_text_should_be_read_or_refused(text: String, op in "[a-z_]{0,9}", arg in "[a-z:0-9]{0,9}") {
            let _ = parse(&text);
            let _ = parse(&DOUBLE.replace("add", &op).replace("\"x\", \"x\"", &format!("\"{arg}\"")));
        }
    }
}
