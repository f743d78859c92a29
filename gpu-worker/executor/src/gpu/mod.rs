// SPDX-License-Identifier: Apache-2.0
//! The executor on GPUs, through wgpu: Vulkan, Metal or DirectX 12. Tensors stay on the device from the first operator of a task to
//! the last; only checkpoints, outputs and traces are read back.

mod device;
mod fuse;
mod kernels;
mod memory;
mod timed;
mod trial;

pub use device::WgpuDevice;
pub use kernels::{Call as KernelCall, Kernel};
pub use memory::{Command, Device};
pub use timed::{Spent, Timed};

use crate::{check_tensors, check_values, Executor, ExecutorError, OnCheckpoint};
use fuse::{Fused, Plan, Unit};
use kernels::Product;
use memory::{Kept, Memory, Pool};
use quern_primitives::BlobId;
use quern_program::{Call, Checked, Context, DType, Op, OpKind, SegmentKind, Tensor, TensorType, Value};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Plans that are kept: those of the three blocks of sixteen programs.
const MAX_PLANS: usize = 48;
/// Kernels that are tried for a block: several times as many as models have. Each takes as long as a compiler does, and whoever has made
/// a program that has thousands would have a worker miss a deadline.
const MAX_TRIALS: usize = 256;
/// Kernels of which is kept whether they are right.
const MAX_TRIED: usize = 8_192;

/// What says that there is no device, and what to do about it.
const NO_DEVICE: &str = if cfg!(target_os = "linux") {
    "no Vulkan device: install the GPU's Vulkan driver and loader (for tests without a GPU: apt-get install mesa-vulkan-drivers libvulkan1)"
} else {
    "no GPU with Vulkan, Metal or DirectX 12: install the GPU's driver"
};

/// A device that programs can run on.
#[derive(Clone, Debug)]
pub struct Adapter {
    /// The device's name.
    pub name: String,
    /// The interface it is used through.
    pub backend: String,
    /// The driver and its version.
    pub driver: String,
    /// Whether it is the processor in disguise: right, but slower than the processor itself.
    pub software: bool,
    adapter: wgpu::Adapter,
}

/// Names a folder for sockets (`XDG_RUNTIME_DIR`) where the environment names none: Vulkan drivers of Mesa complain on stderr
/// otherwise, each time that they are looked at. It is the first thing that `main` does: the environment may only be changed
/// while the process has a single thread.
pub fn name_runtime_folder() {
    const VARIABLE: &str = "XDG_RUNTIME_DIR";
    if std::env::var_os(VARIABLE).is_none() {
        std::env::set_var(VARIABLE, std::env::temp_dir());
    }
}

/// All devices, fastest kind first. Never OpenGL, whose integers are not exact. Fails when there are none.
pub fn adapters() -> Result<Vec<Adapter>, ExecutorError> {
    let backends = wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12;
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = backends;
    descriptor.flags = wgpu::InstanceFlags::empty();
    let instance = wgpu::Instance::new(descriptor);
    let mut found: Vec<_> = pollster::block_on(instance.enumerate_adapters(backends))
        .into_iter()
        .map(|adapter| (adapter.get_info(), adapter))
        .collect();
    found.sort_by_key(|(info, _)| match info.device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    });
    if found.is_empty() {
        return Err(ExecutorError::NoDevice(NO_DEVICE.into()));
    }
    Ok(found
        .into_iter()
        .map(|(info, adapter)| Adapter {
            name: info.name,
            backend: info.backend.to_string(),
            driver: device::one_line(&format!("{} {}", info.driver, info.driver_info)),
            software: info.device_type == wgpu::DeviceType::Cpu,
            adapter,
        })
        .collect())
}

/// A tensor on the device.
#[derive(Clone)]
struct OnDevice<B: Clone> {
    ty: TensorType,
    memory: Arc<Memory<B>>,
}

/// The values of a block that is run.
struct Values<'a, B: Clone> {
    checked: &'a Checked,
    kind: SegmentKind,
    /// Inputs, constants and state.
    values: [&'a [OnDevice<B>]; 3],
    step: &'a [OnDevice<B>],
    /// Those of the operators that have run, as long as they are needed.
    outputs: Vec<Option<OnDevice<B>>>,
}

impl<B: Clone> Values<'_, B> {
    fn find(&self, value: Value) -> Result<OnDevice<B>, ExecutorError> {
        let [inputs, constants, state] = self.values;
        let found = match value {
            Value::Input(index) => inputs.get(usize::from(index)),
            Value::Const(index) => constants.get(usize::from(index)),
            Value::State(index) => state.get(usize::from(index)),
            Value::Step => self.step.first(),
            Value::Op(index) => {
                // A reshape takes no kernel: it is what it reads.
                let op = self.checked.program().block(self.kind).get(usize::from(index));
                if let Some(Op { kind: OpKind::Reshape { .. }, args }) = op {
                    let x = self.find(*args.first().ok_or(ExecutorError::Program)?)?;
                    let ty = self.checked.value_type(self.kind, value).ok_or(ExecutorError::Program)?;
                    return Ok(OnDevice { ty, ..x });
                }
                self.outputs.get(usize::from(index)).and_then(Option::as_ref)
            }
        };
        found.cloned().ok_or(ExecutorError::Program)
    }

    fn put(&mut self, op: u16, output: Option<OnDevice<B>>) {
        if let Some(place) = self.outputs.get_mut(usize::from(op)) {
            *place = output;
        }
    }
}

/// Runs programs on a GPU.
pub struct GpuExecutor<D: Device = WgpuDevice> {
    name: String,
    software: bool,
    pool: Pool<D>,
    // One task at a time: two would only share the device's memory. What the last one read stays there for the next.
    turn: Mutex<Kept<D::Buffer>>,
    /// How blocks of the last programs are run, the latest first.
    plans: Mutex<Vec<(BlobId, SegmentKind, Arc<Plan>)>>,
    /// Kernels of several operators that were tried on the device, and whether they are right there.
    tried: Mutex<HashMap<Arc<Kernel>, bool>>,
}

impl GpuExecutor {
    /// On the first of [`adapters`].
    pub fn new() -> Result<Self, ExecutorError> {
        let adapters = adapters()?;
        Self::on(adapters.first().ok_or_else(|| ExecutorError::NoDevice(NO_DEVICE.into()))?)
    }

    /// On this device.
    pub fn on(adapter: &Adapter) -> Result<Self, ExecutorError> {
        let name = format!("{} ({})", adapter.name, adapter.backend);
        Ok(Self::of(name, adapter.software, WgpuDevice::new(&adapter.adapter)?))
    }

    /// Seconds of one product of `n x n x n`: of i8, or of f32 in the same blocks.
    pub(crate) fn time_product(&self, n: u32, f32: bool, repeats: u32) -> Result<f64, ExecutorError> {
        let (call, bytes) = match f32 {
            true => (kernels::matmul_f32(n), 4),
            false => (Product::new(1, [n; 3]).call(1, [n; 2]), 1),
        };
        let size = u64::from(n) * u64::from(n);
        self.time(&call, size * bytes, size * 4, size * u64::from(n), repeats)
    }

    /// Seconds of a kernel that does nothing but multiply words of four i8 in registers, and how many multiply-accumulates it does.
    pub(crate) fn time_dots(&self, rounds: u32) -> Result<(f64, u64), ExecutorError> {
        let (call, words, macs) = kernels::dots(rounds);
        Ok((self.time(&call, kernels::DOTS_ARGUMENT_BYTES, words * 4, macs, 1)?, macs))
    }

    /// Seconds of a kernel with two arguments of so many bytes.
    fn time(
        &self,
        call: &kernels::Call,
        argument_bytes: u64,
        output_bytes: u64,
        work: u64,
        repeats: u32,
    ) -> Result<f64, ExecutorError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let args = vec![vec![1u8; argument_bytes as usize]; 2];
        let args: Vec<_> = args.iter().map(|bytes| self.pool.upload(bytes)).collect();
        let out = self.pool.allocate(output_bytes);
        let commands: Vec<_> = (0..repeats)
            .map(|_| Command {
                call: call.clone(),
                outs: vec![out.buffer()],
                args: args.iter().map(|arg| arg.buffer()).collect(),
                work,
            })
            .collect();
        self.pool.device.wait()?;
        let start = std::time::Instant::now();
        self.pool.device.submit(&commands)?;
        self.pool.device.wait()?;
        Ok(start.elapsed().as_secs_f64() / f64::from(repeats))
    }
}

impl GpuExecutor<Timed> {
    /// On this device, watched at work.
    pub fn timed(adapter: &Adapter) -> Result<Self, ExecutorError> {
        let name = format!("{} ({})", adapter.name, adapter.backend);
        Ok(Self::of(name, adapter.software, Timed::new(WgpuDevice::with_clock(&adapter.adapter)?)))
    }

    /// The time that its kernels took since this was asked last.
    pub fn spent(&self) -> Spent {
        self.pool.device.take()
    }
}

impl<D: Device> GpuExecutor<D> {
    /// On a device that is no adapter of this machine. It does not count as an accelerator.
    pub fn with_device(name: impl Into<String>, device: D) -> Self {
        Self::of(name.into(), true, device)
    }

    fn of(name: String, software: bool, device: D) -> Self {
        Self {
            name,
            software,
            pool: Pool::new(device),
            turn: Mutex::default(),
            plans: Mutex::default(),
            tried: Mutex::default(),
        }
    }

    fn upload(&self, tensors: &[Tensor]) -> Vec<OnDevice<D::Buffer>> {
        let upload = |tensor: &Tensor| OnDevice { ty: tensor.ty, memory: self.pool.upload(&tensor.bytes) };
        tensors.iter().map(upload).collect()
    }

    /// The inputs of a task: those that the task before had too are there already.
    fn load(&self, kept: &mut Kept<D::Buffer>, inputs: &[Tensor]) -> Vec<OnDevice<D::Buffer>> {
        let bytes: Vec<_> = inputs.iter().map(|tensor| tensor.bytes.clone()).collect();
        let memories = self.pool.keep(kept, &bytes);
        inputs.iter().zip(memories).map(|(tensor, memory)| OnDevice { ty: tensor.ty, memory }).collect()
    }

    /// A program's constants. They are small: they are in the program itself.
    fn upload_constants(&self, checked: &Checked) -> Vec<OnDevice<D::Buffer>> {
        let constants = checked.program().constants.iter();
        let constants: Vec<_> = constants.map(|constant| Tensor::new(constant.ty, constant.bytes.clone())).collect();
        self.upload(&constants)
    }

    /// Runs something in turn. After a failure nothing is kept: what was to be written may not be there.
    fn in_turn<T>(
        &self,
        run: impl FnOnce(&mut Kept<D::Buffer>) -> Result<T, ExecutorError>,
    ) -> Result<T, ExecutorError> {
        let mut kept = self.turn.lock().unwrap_or_else(|poisoned| {
            let mut kept = poisoned.into_inner();
            *kept = Kept::default();
            kept
        });
        let result = run(&mut kept);
        if result.is_err() {
            *kept = Kept::default();
        }
        result
    }

    fn download(&self, tensors: &[OnDevice<D::Buffer>]) -> Result<Vec<Tensor>, ExecutorError> {
        let wanted: Vec<_> = tensors.iter().map(|tensor| (tensor.memory.buffer(), tensor.ty.bytes())).collect();
        let bytes = self.pool.device.read(&wanted)?;
        Ok(tensors.iter().zip(bytes).map(|(tensor, bytes)| Tensor { ty: tensor.ty, bytes: bytes.into() }).collect())
    }

    /// How a block is run for these values, or for all outputs. Only while no command waits to be sent: kernels are tried that are new.
    fn plan(&self, checked: &Checked, kind: SegmentKind, results: Option<&[Value]>) -> Arc<Plan> {
        let is_kept = results.is_some_and(|results| *results == checked.program().results(kind));
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = plans.iter().filter(|(id, of, _)| is_kept && *id == checked.id() && *of == kind);
        if let Some((.., plan)) = known.next() {
            return Arc::clone(plan);
        }
        let mut plan = Plan::new(checked, kind, results);
        let mut trials = MAX_TRIALS;
        for unit in &mut plan.units {
            if unit.fused.as_ref().is_some_and(|fused| !self.agrees(fused, &mut trials)) {
                unit.fused = None;
            }
        }
        let plan = Arc::new(plan);
        if is_kept {
            plans.truncate(MAX_PLANS - 1);
            plans.insert(0, (checked.id(), kind, Arc::clone(&plan)));
        }
        plan
    }

    /// Whether the device is known to compute with this kernel what it should; so many may still be tried.
    fn agrees(&self, fused: &Fused, trials: &mut usize) -> bool {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(agrees) = tried.get(&fused.call.kernel) {
            return *agrees;
        }
        let Some(left) = trials.checked_sub(1) else { return false };
        *trials = left;
        let (device, kernel) = (&self.name, fused.call.kernel.name());
        let agrees = match trial::agrees(&self.pool, fused) {
            Ok(true) => true,
            Ok(false) => {
                tracing::warn!(device, kernel, "a kernel of several operators is wrong here: they run one by one");
                false
            }
            Err(error) => {
                tracing::warn!(device, kernel, %error, "a kernel of several operators fails here: they run one by one");
                false
            }
        };
        if tried.len() >= MAX_TRIED {
            tried.clear();
        }
        tried.insert(Arc::clone(&fused.call.kernel), agrees);
        agrees
    }

    /// Runs a block by a plan for these values, or for all outputs.
    fn block(
        &self,
        checked: &Checked,
        kind: SegmentKind,
        context: &Context,
        values: [&[OnDevice<D::Buffer>]; 3],
        plan: &Plan,
        results: Option<&[Value]>,
    ) -> Result<Vec<OnDevice<D::Buffer>>, ExecutorError> {
        let step = self.upload(&[Tensor::step(context.step)]);
        // What must be 0 is written before any command is there that could use its memory first.
        let zeros = |unit: &Unit| {
            let count = unit.fused.as_ref().map_or(0, |fused| fused.zeros);
            (0..count).map(|_| self.pool.upload(&[0; 4])).collect::<Vec<_>>()
        };
        let zeros: Vec<_> = plan.units.iter().map(zeros).collect();
        let mut commands = Vec::new();
        let mut values = Values { checked, kind, values, step: &step, outputs: Vec::new() };
        values.outputs.resize(checked.program().block(kind).len(), None);
        for (unit, zeros) in plan.units.iter().zip(zeros) {
            match &unit.fused {
                Some(fused) => self.fused(fused, context, zeros, &mut values, &mut commands)?,
                None => {
                    for op in &unit.ops {
                        let call = checked.call(kind, *op, context).ok_or(ExecutorError::Program)?;
                        let args = checked.program().block(kind).get(usize::from(*op)).map(|op| op.args.as_slice());
                        let args = args.unwrap_or_default().iter().map(|value| values.find(*value));
                        let args = args.collect::<Result<Vec<_>, _>>()?;
                        let output = self.operator(&call, &args, &mut commands)?;
                        values.put(*op, Some(output));
                    }
                }
            }
            unit.unused.iter().for_each(|op| values.put(*op, None));
        }
        self.pool.device.submit(&commands)?;
        match results {
            Some(results) => results.iter().map(|value| values.find(*value)).collect(),
            None => (0..values.outputs.len() as u16).map(|op| values.find(Value::Op(op))).collect(),
        }
    }

    /// Appends the command of several operators, whose last outputs are written to `zeros`.
    fn fused(
        &self,
        fused: &Fused,
        context: &Context,
        zeros: Vec<Arc<Memory<D::Buffer>>>,
        values: &mut Values<'_, D::Buffer>,
        commands: &mut Vec<Command<D::Buffer>>,
    ) -> Result<(), ExecutorError> {
        let mut call = fused.call.clone();
        fused.keys.iter().for_each(|(step, operator)| call.set_key(*step, &context.key(*operator)));
        let args = fused.args.iter().map(|value| Ok(values.find(*value)?.memory.buffer()));
        let args = args.collect::<Result<_, ExecutorError>>()?;
        let mut outs = Vec::with_capacity(fused.outputs.len());
        let own = fused.outputs.len().saturating_sub(zeros.len());
        let memories = std::iter::repeat_n(None, own).chain(zeros.into_iter().map(Some));
        for (op, zero) in fused.outputs.iter().zip(memories) {
            let ty = values.checked.value_type(values.kind, Value::Op(*op)).ok_or(ExecutorError::Program)?;
            let memory = zero.unwrap_or_else(|| self.pool.allocate(ty.bytes()));
            outs.push(memory.buffer());
            values.put(*op, Some(OnDevice { ty, memory }));
        }
        commands.push(Command { call, outs, args, work: fused.work });
        Ok(())
    }

    /// Appends the commands of an operator.
    fn operator(
        &self,
        call: &Call<'_>,
        args: &[OnDevice<D::Buffer>],
        commands: &mut Vec<Command<D::Buffer>>,
    ) -> Result<OnDevice<D::Buffer>, ExecutorError> {
        let mut run = |call: kernels::Call, args: &[&OnDevice<D::Buffer>], ty: TensorType, work: u64| {
            let out = self.pool.allocate(ty.bytes());
            let args = args.iter().map(|arg| arg.memory.buffer()).collect();
            commands.push(Command { call, outs: vec![out.buffer()], args, work });
            OnDevice { ty, memory: out }
        };
        let work = call.cost_macs();
        match (call.kind, args) {
            (OpKind::Reshape { .. }, [x]) => Ok(OnDevice { ty: call.output, ..x.clone() }),
            (OpKind::Concat { axis }, [first, ..]) => {
                let axis_index = usize::from(*axis);
                let (mut parts, shape) = (args.to_vec(), first.ty.shape);
                // Four at a time, and four of these, so that few are moved often.
                while parts.len() > 1 {
                    let join = |four: &[OnDevice<D::Buffer>]| {
                        let types: Vec<_> = four.iter().map(|part| part.ty).collect();
                        let places = types.iter().map(|ty| ty.shape.dim(axis_index)).sum();
                        let ty = TensorType::new(first.ty.dtype, shape.with_dim(axis_index, places));
                        match (four, types.as_slice()) {
                            ([only], _) => only.clone(),
                            ([a, b], [of_a, of_b]) => {
                                run(kernels::concat(*axis, *of_a, *of_b, ty), &[a, b], ty, ty.elements())
                            }
                            _ => {
                                let args = [0, 1, 2, 3].map(|part| four.get(part).or(four.last()).unwrap_or(first));
                                run(kernels::concat_four(*axis, &types, ty), &args, ty, ty.elements())
                            }
                        }
                    };
                    parts = parts.chunks(4).map(join).collect();
                }
                parts.pop().ok_or(ExecutorError::Program)
            }
            (OpKind::MatmulNt, [a, b]) => {
                let (shape, axis) = (call.output.shape, call.output.shape.rank() - 2);
                let matrices = shape.dims().iter().take(axis).product();
                let [rows, columns] = [shape.dim(axis), shape.last()];
                let product = Product::new(matrices, [rows, columns, a.ty.shape.last()]);
                let mut filled = |x: &OnDevice<D::Buffer>| {
                    if x.ty.shape.last() == product.line {
                        return x.clone();
                    }
                    let ty = TensorType::new(DType::I8, x.ty.shape.with_dim(x.ty.shape.rank() - 1, product.line));
                    run(kernels::pad(x.ty, ty), &[x], ty, ty.elements())
                };
                let (a, b) = (filled(a), filled(b));
                let product = product.call(matrices, [rows, columns]);
                Ok(run(product, &[&a, &b], call.output, work))
            }
            _ => {
                let kernel = kernels::operator(call.kind, &call.args, call.output, &call.key);
                let args: Vec<_> = args.iter().collect();
                Ok(run(kernel.ok_or(ExecutorError::Program)?, &args, call.output, work))
            }
        }
    }

    fn run_values(
        &self,
        checked: &Checked,
        kind: SegmentKind,
        context: &Context,
        [inputs, state]: [&[Tensor]; 2],
        results: Option<&[Value]>,
    ) -> Result<Vec<Tensor>, ExecutorError> {
        check_values(checked, kind, inputs, state)?;
        self.in_turn(|kept| {
            let plan = self.plan(checked, kind, results);
            let (inputs, constants) = (self.load(kept, inputs), self.upload_constants(checked));
            let state = self.upload(state);
            let values = self.block(checked, kind, context, [&inputs, &constants, &state], &plan, results)?;
            self.download(&values)
        })
    }
}

impl<D: Device> Executor for GpuExecutor<D> {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_accelerated(&self) -> bool {
        !self.software
    }

    fn refused(&self) -> Vec<String> {
        let tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        tried.iter().filter(|(_, agrees)| !**agrees).map(|(kernel, _)| kernel.name()).collect()
    }

    fn run_block(
        &self,
        checked: &Checked,
        kind: SegmentKind,
        context: &Context,
        inputs: &[Tensor],
        state: &[Tensor],
    ) -> Result<Vec<Tensor>, ExecutorError> {
        let results = checked.program().results(kind);
        self.run_values(checked, kind, context, [inputs, state], Some(&results))
    }

    fn trace(
        &self,
        checked: &Checked,
        kind: SegmentKind,
        context: &Context,
        inputs: &[Tensor],
        state: &[Tensor],
    ) -> Result<Vec<Tensor>, ExecutorError> {
        self.run_values(checked, kind, context, [inputs, state], None)
    }

    fn run_task_while(
        &self,
        checked: &Checked,
        context: &Context,
        inputs: &[Tensor],
        on_checkpoint: &mut OnCheckpoint<'_>,
    ) -> Result<Tensor, ExecutorError> {
        let program = checked.program();
        check_tensors("input", &program.inputs, inputs)?;
        self.in_turn(|kept| {
            let kinds = [SegmentKind::Init, SegmentKind::Body, SegmentKind::Finish];
            let plans = kinds.map(|kind| {
                let results = program.results(kind);
                (kind, self.plan(checked, kind, Some(&results)), results)
            });
            let (inputs, constants) = (self.load(kept, inputs), self.upload_constants(checked));
            let mut state: Vec<OnDevice<D::Buffer>> = Vec::new();
            let last = program.segments().saturating_sub(1);
            for index in 0..=last {
                let segment = program.segment(index).ok_or(ExecutorError::Program)?;
                let plan = plans.iter().find(|(kind, ..)| *kind == segment.kind());
                let (kind, plan, results) = plan.ok_or(ExecutorError::Program)?;
                let values = [inputs.as_slice(), &constants, &state];
                state = self.block(checked, *kind, &context.at(segment), values, plan, Some(results))?;
                if index < last && on_checkpoint(index, &self.download(&state)?).is_break() {
                    return Err(ExecutorError::Stopped);
                }
            }
            self.download(&state)?.pop().ok_or(ExecutorError::Program)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quern_program::{arbitrary::random_program, reference, ProgramBuilder};
    use std::sync::atomic::{AtomicU64, Ordering};

    /// A device that counts what is written to it, and can be told to fail.
    struct Counting {
        device: WgpuDevice,
        written: Arc<AtomicU64>,
        fails: Arc<std::sync::atomic::AtomicBool>,
    }

    impl Device for Counting {
        type Buffer = wgpu::Buffer;

        fn create(&self, bytes: u64) -> Self::Buffer {
            self.device.create(bytes)
        }
        fn write(&self, buffer: &Self::Buffer, bytes: &[u8]) {
            self.written.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            self.device.write(buffer, bytes);
        }
        fn submit(&self, commands: &[Command<Self::Buffer>]) -> Result<(), ExecutorError> {
            match self.fails.load(Ordering::Relaxed) {
                true => Err(ExecutorError::Device("lost".into())),
                false => self.device.submit(commands),
            }
        }
        fn read(&self, wanted: &[(Self::Buffer, u64)]) -> Result<Vec<Vec<u8>>, ExecutorError> {
            self.device.read(wanted)
        }
    }

    /// A product of weights with a task's own row, on a counting device.
    struct Case {
        executor: GpuExecutor<Counting>,
        written: Arc<AtomicU64>,
        fails: Arc<std::sync::atomic::AtomicBool>,
        program: Checked,
    }

    const SIDE: u32 = 64;
    const STEP_BYTES: u64 = 4;

    impl Case {
        fn new() -> Self {
            let adapters = adapters().unwrap();
            let (written, fails) = (Arc::default(), Arc::default());
            let device = WgpuDevice::new(&adapters[0].adapter).unwrap();
            let device = Counting { device, written: Arc::clone(&written), fails: Arc::clone(&fails) };
            let mut builder = ProgramBuilder::new();
            let row = builder.input(DType::I8, &[1, SIDE]);
            let weights = builder.input(DType::I8, &[SIDE, SIDE]);
            let product = builder.matmul_nt(row, weights);
            let program = builder.build(product).unwrap();
            Self { executor: GpuExecutor::with_device("counting", device), written, fails, program }
        }

        fn tensor(&self, input: usize, value: u8) -> Tensor {
            let ty = self.program.program().inputs[input];
            Tensor::new(ty, vec![value; ty.bytes() as usize])
        }

        /// Runs a task, and says how many bytes were written for it.
        fn run(&self, inputs: &[Tensor]) -> Result<(Vec<i32>, u64), ExecutorError> {
            let before = self.written.load(Ordering::Relaxed);
            let output = self.executor.run_task(&self.program, &Context::default(), inputs, &mut |_, _| {})?;
            Ok((output.values(), self.written.load(Ordering::Relaxed) - before))
        }
    }

    /// A device that is wrong about kernels of several operators, and counts them.
    struct Spoiled(WgpuDevice, Arc<AtomicU64>);

    impl Device for Spoiled {
        type Buffer = wgpu::Buffer;

        fn create(&self, bytes: u64) -> Self::Buffer {
            self.0.create(bytes)
        }
        fn write(&self, buffer: &Self::Buffer, bytes: &[u8]) {
            self.0.write(buffer, bytes);
        }
        fn submit(&self, commands: &[Command<Self::Buffer>]) -> Result<(), ExecutorError> {
            let mut commands = commands.to_vec();
            for call in commands.iter_mut().map(|command| &mut command.call) {
                if call.kernel.is_fused() {
                    call.kernel = Arc::new(call.kernel.spoiled());
                    self.1.fetch_add(1, Ordering::Relaxed);
                }
            }
            self.0.submit(&commands)
        }
        fn read(&self, wanted: &[(Self::Buffer, u64)]) -> Result<Vec<Vec<u8>>, ExecutorError> {
            self.0.read(wanted)
        }
    }

    /// Runs a program on such a device, twice, and says how many of these kernels each run took.
    fn run_spoiled(program: &Checked, input: &[i32]) -> [(Vec<i32>, u64); 2] {
        let counted = Arc::new(AtomicU64::new(0));
        let device = WgpuDevice::new(&adapters().unwrap()[0].adapter).unwrap();
        let executor = GpuExecutor::with_device("spoiled", Spoiled(device, Arc::clone(&counted)));
        let inputs = [Tensor::from_values(program.program().inputs[0], input)];
        [(); 2].map(|()| {
            let output = executor.run_task(program, &Context::default(), &inputs, &mut |_, _| {}).unwrap();
            (output.values(), counted.swap(0, Ordering::Relaxed))
        })
    }

    #[test]
    fn operators_should_run_one_by_one_when_the_device_is_wrong_about_several() {
        let mut builder = ProgramBuilder::new();
        let x = builder.input(DType::I32, &[3]);
        let sum = builder.add(x, x);
        let lost = builder.scalar(1);
        let half = builder.shift_round(sum, lost);
        let program = builder.build(half).unwrap();
        let [(first, tried), (second, used)] = run_spoiled(&program, &[1, -128, 5]);
        assert_eq!([first, second], [[1, -128, 5]; 2]);
        assert!(tried > 0 && used == 0, "{tried} {used}");
    }

    #[test]
    fn largest_should_be_found_by_rows_when_the_device_is_wrong_about_all_at_once() {
        let mut builder = ProgramBuilder::new();
        let x = builder.input(DType::I32, &[5_000]);
        let largest = builder.max_abs(x);
        let program = builder.build(largest).unwrap();
        let values: Vec<i32> = (0..5_000).map(|i| if i == 4_321 { -128 } else { i % 100 }).collect();
        let [(first, tried), (second, used)] = run_spoiled(&program, &values);
        assert_eq!([first, second], [[128]; 2]);
        assert!(tried > 0 && used == 0, "{tried} {used}");
    }

    #[test]
    fn largest_should_be_told_apart_when_those_of_two_tensors_are_found_in_turns() {
        let mut builder = ProgramBuilder::new();
        let x = builder.input(DType::I32, &[4, 8]);
        let both = [builder.add(x, x), builder.mul(x, x)];
        let [sum, product] = both.map(|x| builder.row_max_abs(x)).map(|rows| builder.reshape(rows, &[1, 4]));
        let product = builder.row_max_abs(product);
        let sum = builder.row_max_abs(sum);
        let rest = builder.sub(sum, product);
        let program = builder.build(rest).unwrap();
        let values: Vec<i32> = (0..32).collect();
        let inputs = [Tensor::from_values(program.program().inputs[0], &values)];
        let executor = GpuExecutor::new().unwrap();
        let found = executor.run_task(&program, &Context::default(), &inputs, &mut |_, _| {}).unwrap();
        assert_eq!(found.values(), [62 - 961]);
    }

    /// Where one number is drawn for all elements, and a clamp hides it from most.
    #[test]
    fn number_should_be_drawn_once_when_many_elements_read_it() {
        let mut builder = ProgramBuilder::new();
        let x = builder.input(DType::I32, &[1 << 16]);
        let number = builder.random(&[1]);
        let sum = builder.add(x, number);
        let rest = builder.clamp(sum, i32::MAX - (1 << 20), i32::MAX);
        let program = builder.build(rest).unwrap();
        let values: Vec<i32> = (0..1 << 16).map(|i: i32| i.wrapping_mul(-1_640_531_527)).collect();
        let inputs = [Tensor::from_values(program.program().inputs[0], &values)];
        let expected = reference::run(&program, &Context::default(), &inputs);
        let executor = GpuExecutor::new().unwrap();
        let found = executor.run_task(&program, &Context::default(), &inputs, &mut |_, _| {}).unwrap();
        assert_eq!(found, expected);
        assert_eq!(executor.refused(), Vec::<String>::new());
    }

    #[test]
    fn transposes_should_run_when_the_device_is_wrong_about_products_that_read_columns() {
        let mut builder = ProgramBuilder::new();
        let x = builder.input(DType::I8, &[32, 20]);
        let y = builder.transpose(x);
        let product = builder.matmul_nt(y, y);
        let program = builder.build(product).unwrap();
        let values: Vec<i32> = (0..640).map(|i| i * 7 % 251 - 125).collect();
        let [(first, tried), (second, used)] = run_spoiled(&program, &values);
        let inputs = [Tensor::from_values(program.program().inputs[0], &values)];
        let expected = reference::run(&program, &Context::default(), &inputs).values();
        assert_eq!([first, second], [expected.clone(), expected]);
        assert!(tried > 0 && used == 0, "{tried} {used}");
    }

    #[test]
    fn products_should_be_those_of_the_reference_when_arguments_are_transposed() {
        let executor = GpuExecutor::new().unwrap();
        for (case, [matrices, rows, columns, depth]) in
            [[1, 20, 24, 32], [3, 68, 132, 48], [2, 33, 20, 16], [2, 64, 128, 80]].into_iter().enumerate()
        {
            for are_columns in [[true, false], [false, true], [true, true]] {
                let mut builder = ProgramBuilder::new();
                let [a, b] = [0, 1].map(|arg| {
                    let lines = [rows, columns][arg];
                    let [first, last] = if are_columns[arg] { [depth, lines] } else { [lines, depth] };
                    let x = builder.input(DType::I8, &[matrices, first, last]);
                    if are_columns[arg] {
                        builder.permute(x, &[0, 2, 1])
                    } else {
                        x
                    }
                });
                let product = builder.matmul_nt(a, b);
                let program = builder.build(product).unwrap();
                let inputs: Vec<Tensor> = (program.program().inputs.iter())
                    .map(|ty| {
                        let values =
                            (0..ty.elements() as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as i32 - 128);
                        Tensor::from_values(*ty, &values.collect::<Vec<_>>())
                    })
                    .collect();
                let found = executor.run_task(&program, &Context::default(), &inputs, &mut |_, _| {}).unwrap();
                assert!(found == reference::run(&program, &Context::default(), &inputs), "{case} {are_columns:?}");
            }
        }
        assert_eq!(executor.refused(), [""; 0]);
        assert_eq!(executor.tried.lock().unwrap().len(), 3);
    }

    #[test]
    fn block_should_be_planned_once_when_programs_take_turns() {
        let executor = GpuExecutor::new().unwrap();
        let programs = [0, 1, 0].map(|seed| random_program(seed).0);
        let [first, other, again] = programs.map(|program| {
            let results = program.program().results(SegmentKind::Finish);
            executor.plan(&program, SegmentKind::Finish, Some(&results))
        });
        assert!(Arc::ptr_eq(&first, &again) && !Arc::ptr_eq(&first, &other));
        for seed in 2..60 {
            let program = random_program(seed).0;
            let results = program.program().results(SegmentKind::Finish);
            executor.plan(&program, SegmentKind::Finish, Some(&results));
        }
        assert!(executor.plans.lock().unwrap().len() <= MAX_PLANS);
    }

    #[test]
    fn kernel_should_not_be_tried_when_too_many_were() {
        let executor = GpuExecutor::new().unwrap();
        let mut builder = ProgramBuilder::new();
        let x = builder.input(DType::I32, &[3]);
        let [sum, product] = [builder.add(x, x), builder.mul(x, x)];
        let rest = builder.sub(sum, product);
        let program = builder.build(rest).unwrap();
        let plan = Plan::new(&program, SegmentKind::Finish, Some(&program.program().results(SegmentKind::Finish)));
        let fused = plan.units[0].fused.as_ref().unwrap();
        let mut trials = 0;
        assert!(!executor.agrees(fused, &mut trials) && executor.refused().is_empty());
        trials = 1;
        assert!(executor.agrees(fused, &mut trials) && trials == 0);
        // It is known now.
        assert!(executor.agrees(fused, &mut trials));
    }

    #[test]
    fn any_values_should_be_those_of_the_reference_when_programs_are_random() {
        let executor = GpuExecutor::new().unwrap();
        let mut longest = 0;
        for seed in 0..100u64 {
            let (checked, inputs) = random_program(seed);
            let context = Context { index: seed as u32, seed: [seed as u8; 32], step: 0 };
            let mut state = Vec::new();
            for segment in (0..checked.program().segments()).filter_map(|index| checked.program().segment(index)) {
                let (kind, at) = (segment.kind(), context.at(segment));
                let trace = reference::run_block(&checked, kind, &at, &inputs, &state);
                // Some are in memory, and some are not.
                let some: Vec<usize> =
                    (0..trace.len()).filter(|op| (seed as usize + op * 7).is_multiple_of(3)).collect();
                let results: Vec<_> = some.iter().map(|op| Value::Op(*op as u16)).collect();
                let found = executor.run_values(&checked, kind, &at, [&inputs, &state], Some(&results)).unwrap();
                for (op, found) in some.iter().zip(&found) {
                    assert!(*found == trace[*op], "{seed} {segment:?} {:?}", checked.program().block(kind)[*op]);
                }
                let plan = Plan::new(&checked, kind, Some(&results));
                let lengths = plan.units.iter().filter(|unit| unit.fused.is_some()).map(|unit| unit.ops.len());
                longest = lengths.chain([longest]).max().unwrap_or(0);
                state = reference::segment_result(&checked, kind, &trace, &state);
            }
        }
        assert!(longest >= 5, "{longest}");
        assert_eq!(executor.refused(), [""; 0]);
        let tried = executor.tried.lock().unwrap().len();
        assert!(tried >= 100, "{tried}");
    }

    #[test]
    fn products_should_be_told_from_other_kernels_when_a_device_is_timed() {
        let executor = GpuExecutor::timed(&adapters().unwrap()[0]).unwrap();
        let Case { program, .. } = Case::new();
        let mut builder = ProgramBuilder::new();
        let x = builder.input(DType::I8, &[SIDE, SIDE]);
        let sum = builder.add(x, x);
        let sums = builder.build(sum).unwrap();
        let run = |program: &Checked| {
            let inputs: Vec<_> = program.program().inputs.iter().map(|ty| Tensor::zeros(*ty)).collect();
            executor.run_task(program, &Context::default(), &inputs, &mut |_, _| {}).unwrap();
            executor.spent()
        };
        let product = run(&program);
        assert_eq!(product.products, product.kernels);
        assert_eq!(run(&sums).products, std::time::Duration::ZERO);
    }

    #[test]
    fn kernel_that_only_multiplies_should_run_when_a_device_is_measured() {
        let executor = GpuExecutor::new().unwrap();
        let (seconds, macs) = executor.time_dots(1).unwrap();
        assert!(seconds > 0.0);
        assert_eq!(macs, 8_192 * 256 * 64 * 4);
    }

    #[test]
    fn weights_should_be_written_once_when_tasks_share_them() {
        let case = Case::new();
        let weights = case.tensor(1, 3);
        let row = u64::from(SIDE) + STEP_BYTES;
        let first = case.run(&[case.tensor(0, 1), weights.clone()]);
        assert_eq!(first, Ok((vec![192; 64], row + u64::from(SIDE * SIDE))));
        assert_eq!(case.run(&[case.tensor(0, 2), weights.clone()]), Ok((vec![384; 64], row)));
        assert_eq!(case.run(&[case.tensor(0, 2), weights]), Ok((vec![384; 64], row)));
    }

    #[test]
    fn weights_should_be_written_anew_when_others_lie_where_they_lay() {
        let case = Case::new();
        for value in 1..20 {
            let (product, written) = case.run(&[case.tensor(0, 1), case.tensor(1, value)]).unwrap();
            assert_eq!(product, vec![64 * i32::from(value); 64]);
            assert_eq!(written, u64::from(SIDE) + STEP_BYTES + u64::from(SIDE * SIDE));
        }
    }

    #[test]
    fn weights_should_be_written_anew_when_the_device_failed_before() {
        let case = Case::new();
        let inputs = [case.tensor(0, 1), case.tensor(1, 3)];
        case.run(&inputs).unwrap();
        case.fails.store(true, Ordering::Relaxed);
        assert!(case.run(&inputs).is_err());
        case.fails.store(false, Ordering::Relaxed);
        assert_eq!(case.run(&inputs), Ok((vec![192; 64], u64::from(SIDE * SIDE) + u64::from(SIDE) + STEP_BYTES)));
    }
}
