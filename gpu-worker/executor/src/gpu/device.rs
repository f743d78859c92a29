// SPDX-License-Identifier: Apache-2.0
//! A device of this machine: its compiled kernels, and the commands sent to it.

use super::{
    kernels::Kernel,
    memory::{Command, Device},
};
use crate::ExecutorError;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// What the parameters of a kernel are aligned to in their buffer: WebGPU's default.
const PARAMS_ALIGNMENT: usize = 256;
/// Commands that are timed at once: each takes two of the 4,096 places that WebGPU allows a set of timestamps.
const TIMED_AT_ONCE: usize = 256;
/// Compiled kernels that are kept: more than a program can have, but programs can have any.
const MAX_PIPELINES: usize = 8_192;
/// Work after which commands are sent off, so that no system takes the device for hung.
const MAX_UNSENT_WORK: u64 = 1 << 34;

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A compiled kernel.
struct Pipeline {
    pipeline: wgpu::ComputePipeline,
    layout: wgpu::BindGroupLayout,
}

/// A device that wgpu found.
pub struct WgpuDevice {
    device: wgpu::Device,
    queue: wgpu::Queue,
    pipelines: Mutex<HashMap<Arc<Kernel>, Arc<Pipeline>>>,
    failure: Arc<Mutex<Option<String>>>,
}

impl WgpuDevice {
    /// Nothing beyond WebGPU's default limits, so that a program that runs here runs everywhere.
    pub(super) fn new(adapter: &wgpu::Adapter) -> Result<Self, ExecutorError> {
        Self::with_features(adapter, wgpu::Features::empty())
    }

    /// With a clock, where it has one.
    pub(super) fn with_clock(adapter: &wgpu::Adapter) -> Result<Self, ExecutorError> {
        Self::with_features(adapter, adapter.features() & wgpu::Features::TIMESTAMP_QUERY)
    }

    fn with_features(adapter: &wgpu::Adapter, features: wgpu::Features) -> Result<Self, ExecutorError> {
        let descriptor =
            wgpu::DeviceDescriptor { label: Some("quern"), required_features: features, ..Default::default() };
        let (device, queue) = pollster::block_on(adapter.request_device(&descriptor))
            .map_err(|error| ExecutorError::Device(one_line(&error.to_string())))?;
        let failure = Arc::new(Mutex::new(None));
        let to = Arc::clone(&failure);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            lock(&to).get_or_insert(one_line(&error.to_string()));
        }));
        let to = Arc::clone(&failure);
        device.set_device_lost_callback(move |_, reason| {
            lock(&to).get_or_insert(format!("the device was lost: {}", one_line(&reason)));
        });
        let pipelines = Mutex::default();
        Ok(Self { device, queue, pipelines, failure })
    }

    /// The failure since the last call, if any.
    fn check(&self) -> Result<(), ExecutorError> {
        match lock(&self.failure).take() {
            Some(failure) => Err(ExecutorError::Device(failure)),
            None => Ok(()),
        }
    }

    /// Compiles a kernel without a counter in each of its loops, which would end a loop that does not end by itself: with it drivers
    /// unroll nothing. A product, which reads nothing at a place that a tensor says, is compiled without checks of its indices too.
    #[allow(unsafe_code)]
    fn module(&self, kernel: &Kernel) -> wgpu::ShaderModule {
        let checks = wgpu::ShaderRuntimeChecks {
            force_loop_bounding: false,
            bounds_checks: !kernel.is_product(),
            ..wgpu::ShaderRuntimeChecks::checked()
        };
        let source = wgpu::ShaderSource::Wgsl(kernel.source().into());
        // SAFETY: all kernels are files of this crate, put together. Each of their loops counts up to a bound, or down to zero. The indices of a product are
        // below what its rows, columns and depth say, which are those of its arguments' types; buffers are made for these types.
        unsafe {
            self.device.create_shader_module_trusted(wgpu::ShaderModuleDescriptor { label: None, source }, checks)
        }
    }

    fn pipeline(&self, kernel: &Arc<Kernel>) -> Arc<Pipeline> {
        let mut pipelines = lock(&self.pipelines);
        if let Some(pipeline) = pipelines.get(kernel) {
            return Arc::clone(pipeline);
        }
        let entry = |binding, ty| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
            count: None,
        };
        let mut entries = vec![entry(0, wgpu::BufferBindingType::Uniform)];
        let outputs = kernel.outputs();
        for buffer in 0..outputs + kernel.arguments() {
            let read_only = buffer >= outputs;
            entries.push(entry(1 + buffer as u32, wgpu::BufferBindingType::Storage { read_only }));
        }
        let layout =
            self.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries });
        let pipeline_layout = self.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: None,
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let module = self.module(kernel);
        let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: None,
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some("main"),
            // Every kernel writes workgroup memory before it reads it.
            compilation_options: wgpu::PipelineCompilationOptions {
                zero_initialize_workgroup_memory: false,
                ..Default::default()
            },
            cache: None,
        });
        let pipeline = Arc::new(Pipeline { pipeline, layout });
        if pipelines.len() >= MAX_PIPELINES {
            pipelines.clear();
        }
        pipelines.insert(Arc::clone(kernel), Arc::clone(&pipeline));
        pipeline
    }

    fn encode(
        &self,
        pass: &mut wgpu::ComputePass<'_>,
        command: &Command<wgpu::Buffer>,
        params: &wgpu::Buffer,
        offset: u64,
    ) {
        let pipeline = self.pipeline(&command.call.kernel);
        let params = wgpu::BufferBinding {
            buffer: params,
            offset,
            size: wgpu::BufferSize::new(command.call.params().len() as u64),
        };
        let mut entries = vec![wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::Buffer(params) }];
        for (binding, buffer) in (1..).zip(command.outs.iter().chain(&command.args)) {
            entries.push(wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() });
        }
        let group = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.layout,
            entries: &entries,
        });
        let [columns, rows] = command.call.grid();
        pass.set_pipeline(&pipeline.pipeline);
        pass.set_bind_group(0, &group, &[]);
        pass.dispatch_workgroups(columns, rows, 1);
    }

    /// The parameters of these commands, and where those of each begin.
    fn params(&self, commands: &[Command<wgpu::Buffer>]) -> (wgpu::Buffer, Vec<u64>) {
        let mut params = Vec::new();
        let mut offsets = Vec::with_capacity(commands.len());
        for command in commands {
            offsets.push(params.len() as u64);
            params.extend_from_slice(command.call.params());
            params.resize(params.len().next_multiple_of(PARAMS_ALIGNMENT), 0);
        }
        let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: params.len().max(PARAMS_ALIGNMENT) as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        self.queue.write_buffer(&buffer, 0, &params);
        (buffer, offsets)
    }

    /// Runs commands, and says how long the device took for each, by its own clock. None, and nothing run, where it has no clock.
    pub(super) fn submit_timed(
        &self,
        commands: &[Command<wgpu::Buffer>],
    ) -> Result<Option<Vec<Duration>>, ExecutorError> {
        if !self.device.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
            return Ok(None);
        }
        let mut times = Vec::with_capacity(commands.len());
        for commands in commands.chunks(TIMED_AT_ONCE) {
            let (params, offsets) = self.params(commands);
            let count = 2 * commands.len() as u32;
            let ticks = self.device.create_query_set(&wgpu::QuerySetDescriptor {
                label: None,
                ty: wgpu::QueryType::Timestamp,
                count,
            });
            let bytes = u64::from(count) * u64::from(wgpu::QUERY_SIZE);
            let resolved = self.device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: bytes,
                usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            });
            let mut encoder = self.device.create_command_encoder(&Default::default());
            for ((command, offset), begin) in commands.iter().zip(offsets).zip((0..).step_by(2)) {
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                    label: None,
                    timestamp_writes: Some(wgpu::ComputePassTimestampWrites {
                        query_set: &ticks,
                        beginning_of_pass_write_index: Some(begin),
                        end_of_pass_write_index: Some(begin + 1),
                    }),
                });
                self.encode(&mut pass, command, &params, offset);
            }
            encoder.resolve_query_set(&ticks, 0..count, &resolved, 0);
            self.queue.submit([encoder.finish()]);
            let ticks = self.read(&[(resolved, bytes)])?.pop().unwrap_or_default();
            let tick_nanoseconds = f64::from(self.queue.get_timestamp_period());
            times.extend(ticks.chunks_exact(16).map(|pair| {
                let [begin, end] = [&pair[..8], &pair[8..]].map(bytemuck::pod_read_unaligned::<u64>);
                Duration::from_nanos((end.saturating_sub(begin) as f64 * tick_nanoseconds) as u64)
            }));
        }
        Ok(Some(times))
    }

    /// Waits until everything sent is done.
    pub(super) fn wait(&self) -> Result<(), ExecutorError> {
        let polled = self.device.poll(wgpu::PollType::wait_indefinitely());
        self.check()?;
        polled.map(|_| ()).map_err(|error| ExecutorError::Device(one_line(&error.to_string())))
    }
}

impl Device for WgpuDevice {
    type Buffer = wgpu::Buffer;

    fn create(&self, bytes: u64) -> wgpu::Buffer {
        self.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: bytes,
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    }

    fn write(&self, buffer: &wgpu::Buffer, bytes: &[u8]) {
        let (words, tail) = bytes.split_at(bytes.len() & !3);
        self.queue.write_buffer(buffer, 0, words);
        if !tail.is_empty() {
            let mut word = [0; 4];
            word[..tail.len()].copy_from_slice(tail);
            self.queue.write_buffer(buffer, words.len() as u64, &word);
        }
    }

    fn submit(&self, commands: &[Command<wgpu::Buffer>]) -> Result<(), ExecutorError> {
        let (params, offsets) = self.params(commands);
        let (mut rest, mut offsets) = (commands, offsets.into_iter());
        while !rest.is_empty() {
            let mut work = 0u64;
            let count = rest.iter().take_while(|command| {
                let fits = work < MAX_UNSENT_WORK;
                work = work.saturating_add(command.work);
                fits
            });
            let (now, later) = rest.split_at(count.count());
            rest = later;
            let mut encoder = self.device.create_command_encoder(&Default::default());
            {
                let mut pass = encoder.begin_compute_pass(&Default::default());
                for (command, offset) in now.iter().zip(&mut offsets) {
                    self.encode(&mut pass, command, &params, offset);
                }
            }
            self.queue.submit([encoder.finish()]);
        }
        self.check()
    }

    fn read(&self, wanted: &[(wgpu::Buffer, u64)]) -> Result<Vec<Vec<u8>>, ExecutorError> {
        let mut encoder = self.device.create_command_encoder(&Default::default());
        let (sender, receiver) = std::sync::mpsc::channel();
        let mut staged = Vec::with_capacity(wanted.len());
        for (from, bytes) in wanted {
            let size = bytes.next_multiple_of(4).max(4);
            let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size,
                usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            });
            encoder.copy_buffer_to_buffer(from, 0, &buffer, 0, size);
            staged.push(buffer);
        }
        self.queue.submit([encoder.finish()]);
        for buffer in &staged {
            let sender = sender.clone();
            buffer.map_async(wgpu::MapMode::Read, .., move |result| {
                // The receiver lives until all have answered or the device failed.
                let _ = sender.send(result.is_ok());
            });
        }
        self.wait()?;
        let failed = || ExecutorError::Device("its memory could not be read".into());
        let mut downloaded = Vec::with_capacity(wanted.len());
        for (buffer, (_, bytes)) in staged.iter().zip(wanted) {
            if !receiver.recv().unwrap_or(false) {
                return Err(failed());
            }
            let view = buffer.get_mapped_range(..).map_err(|_| failed())?;
            downloaded.push(view.get(..*bytes as usize).ok_or_else(failed)?.to_vec());
        }
        Ok(downloaded)
    }
}

/// A message without its line breaks.
pub(super) fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
