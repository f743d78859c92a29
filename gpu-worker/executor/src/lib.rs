//! Executors of exact programs: cpu and wgpu.
