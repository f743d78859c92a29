# SPDX-License-Identifier: Apache-2.0
"""What a GPU's matrix units do by PyTorch: products of 8,192 x 8,192 x 8,192 of random values, in bf16, int8 and f32.

Prints one JSON object a line: name, value, unit. They are ceilings that WGSL does not reach: it has no matrix units for integers.
"""

import json
import statistics

import torch

SIZE, ROUNDS = 8_192, 10


def seconds(product):
    """The median of some rounds, timed by the device."""
    for _ in range(3):
        product()
    times = []
    for _ in range(ROUNDS):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        product()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) / 1e3)
    return statistics.median(times)


def integers():
    return torch.randint(-128, 128, (SIZE, SIZE), device="cuda", dtype=torch.int8)


def main():
    device = torch.cuda.get_device_name()
    a, b = integers(), integers().t()
    bf16 = [x.to(torch.bfloat16) for x in (a, b)]
    f32 = [x.to(torch.float32) for x in (a, b)]
    products = {
        "bf16": lambda: bf16[0] @ bf16[1],
        "int8": lambda: torch._int_mm(a, b),
        "f32": lambda: f32[0] @ f32[1],
    }
    for name, product in products.items():
        rate = 2 * SIZE**3 / seconds(product) / 1e9
        print(json.dumps({"name": f"torch {name} {SIZE}x{SIZE}x{SIZE}, {device}", "value": rate, "unit": "GOP/s"}))


if __name__ == "__main__":
    main()
