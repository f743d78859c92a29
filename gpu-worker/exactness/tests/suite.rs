// SPDX-License-Identifier: Apache-2.0
//! The suite on what every machine that tests has: the reference, the processor, and a Vulkan device.

use quern_exactness::{browser::Browser, cases, executors, first_difference, kernels, run, EXPECTED};
use quern_executor::{
    cpu::{CpuExecutor, Simd},
    gpu::GpuExecutor,
    Executor, ExecutorError,
};
use quern_program::{Checked, Context, OpKind, SegmentKind, Tensor};
use std::{collections::HashSet, path::Path};

/// Where a run with `UPDATE=1` writes what the reference answers.
const EXPECTED_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/expected.txt");
const SHADERS_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../executor/shaders");

fn difference(executor: &dyn Executor) -> Option<String> {
    first_difference(EXPECTED, &run(&cases().unwrap(), executor).unwrap()).map(str::to_string)
}

#[test]
fn reference_should_give_the_pinned_answers() {
    let answers = run(&cases().unwrap(), &executors::Reference).unwrap();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(EXPECTED_PATH, &answers).unwrap();
        return;
    }
    let remedy = "if that is meant to be: UPDATE=1 cargo test -p quern-exactness";
    assert_eq!(first_difference(EXPECTED, &answers), None, "{remedy}");
}

#[test]
fn processor_should_give_the_pinned_answers_when_it_uses_any_of_its_instructions() {
    for simd in Simd::available() {
        assert_eq!(difference(&CpuExecutor::with_simd(simd)), None, "{simd:?}");
    }
}

#[test]
fn gpu_should_give_the_pinned_answers() {
    assert_eq!(difference(&GpuExecutor::new().unwrap()), None);
}

#[test]
fn names_should_be_unique() {
    let cases = cases().unwrap();
    assert_eq!(cases.iter().map(|case| &case.name).collect::<HashSet<_>>().len(), cases.len());
    assert!(cases.iter().all(|case| !case.name.contains('\n')));
}

#[test]
fn kernels_should_be_made_of_every_shader_but_those_of_benchmarks() {
    // Each operator of a kernel has names and parameters of its own.
    let unnumbered = |source: String| {
        (0..32).fold(source, |source, step| {
            source.replace(&format!("_{step}("), "(").replace(&format!("steps[{step}]."), "params.")
        })
    };
    let kernels = kernels(&cases().unwrap()).unwrap();
    let fused = kernels.iter().filter(|kernel| kernel.is_fused()).count();
    assert!(fused > 100, "{fused}");
    let sources: Vec<String> = kernels.iter().map(|kernel| unnumbered(kernel.source())).collect();
    let mut unused = Vec::new();
    for entry in Path::new(SHADERS_PATH).read_dir().unwrap() {
        let path = entry.unwrap().path();
        let shader = std::fs::read_to_string(&path).unwrap();
        // Arguments are loaded under their names and at their bindings.
        let named = |name: &str, binding: &str| shader.replace("NAME", name).replace("BINDING", binding);
        let forms = [("a", "2"), ("x0", "2"), ("x1", "3"), ("y0", "1"), ("z0", "2"), ("", "")]
            .map(|(name, binding)| named(name, binding));
        let forms = forms.map(|form| unnumbered(form.replace("EACH", "1u")));
        if !sources.iter().any(|source| forms.iter().any(|form| source.contains(form))) {
            unused.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    unused.sort();
    assert_eq!(unused, ["dot_f32.wgsl", "dots.wgsl"]);
}

#[test]
fn first_difference_should_name_the_case_when_one_answer_differs() {
    let [a, b, c] = ["1 a\n2 b b\n", "1 a\n3 b b\n", "1 a\n"];
    assert_eq!(first_difference(a, a), None);
    assert_eq!(first_difference(a, b), Some("b b"));
    assert_eq!(first_difference(a, c), Some("b b"));
    assert_eq!(first_difference(c, a), Some("b b"));
}

/// An executor whose softmax has one wrong bit.
struct Wrong(CpuExecutor);

impl Executor for Wrong {
    fn name(&self) -> &str {
        "wrong"
    }

    fn run_block(
        &self,
        checked: &Checked,
        kind: SegmentKind,
        context: &Context,
        inputs: &[Tensor],
        state: &[Tensor],
    ) -> Result<Vec<Tensor>, ExecutorError> {
        let mut results = self.0.run_block(checked, kind, context, inputs, state)?;
        if matches!(checked.program().finish[0].kind, OpKind::Softmax { .. }) {
            let mut bytes = results[0].bytes.to_vec();
            bytes[5] ^= 1;
            results[0].bytes = bytes.into();
        }
        Ok(results)
    }

    fn trace(
        &self,
        checked: &Checked,
        kind: SegmentKind,
        context: &Context,
        inputs: &[Tensor],
        state: &[Tensor],
    ) -> Result<Vec<Tensor>, ExecutorError> {
        self.0.trace(checked, kind, context, inputs, state)
    }
}

#[test]
fn suite_should_name_the_case_when_one_bit_is_wrong() {
    let difference = difference(&Wrong(CpuExecutor::new())).unwrap();
    assert!(difference.starts_with("Softmax"), "{difference}");
}

#[test]
fn browser_should_say_why_when_it_cannot_be_started() {
    let start = |path: &str| Browser::start(Path::new(path)).map(|_| ()).unwrap_err();
    assert_eq!(start("/nowhere/chromium").to_string(), "/nowhere/chromium does not start");
    #[cfg(target_os = "linux")]
    assert!(start("/bin/true").to_string().starts_with("the browser has ended"), "{:#}", start("/bin/true"));
}

#[test]
fn executors_should_be_named_when_an_unknown_one_is_asked_for() {
    let error = executors::all(&["cpu".into()], None).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("cpu;") && error.contains("cpu-scalar") && error.contains("chromium"), "{error}");
}
