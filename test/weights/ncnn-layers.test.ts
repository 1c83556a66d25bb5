import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createGraphNetwork } from '../../src/onnx/index.ts'
import { tensor } from '../../src/tensor/index.ts'
import { openCheckpoint } from '../../src/weights/index.ts'
import { folderOf } from '../support/damaged.ts'

interface Case {
  readonly name: string
  /** [c, h, w] */
  readonly shape: readonly [number, number, number]
  readonly param: string
  /** In base64. */
  readonly bin: string
  readonly output: { readonly shape: readonly number[]; readonly values: readonly number[] }
}

/** Networks made by make_ncnn.py, and what ncnn makes of them. */
const cases: readonly Case[] = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures', 'ncnn-layers.json'), 'utf8'),
)

describe('layers of ncnn do what those of ncnn do', () => {
  it.each(cases)('$name', async ({ shape, param, bin, output }) => {
    const files = folderOf({
      'net.param': new TextEncoder().encode(param),
      'net.bin': new Uint8Array(Buffer.from(bin, 'base64')),
    })
    const model = await (await openCheckpoint(files('net.param'))).network!()
    const network = await createGraphNetwork(model)
    network.eval()
    const size = shape[0] * shape[1] * shape[2]
    const input = Float32Array.from({ length: size }, (_, i) => (((i * 37) % 101) - 50) / 50)
    const [result] = network.forwardAll(tensor(input, [1, ...shape]))
    expect(result!.shape).toEqual([1, ...output.shape])
    for (const [i, extent] of model.graph.outputs[0]!.shape!.entries()) {
      if (typeof extent === 'number') expect(result!.shape[i]).toBe(extent)
    }
    const values = (await result!.data()) as Float32Array
    for (const [i, value] of output.values.entries()) {
      expect(Math.abs(values[i]! - value), `[${i}]: ${values[i]} for ${value}`).toBeLessThan(
        1e-5 * Math.max(1, Math.abs(value)),
      )
    }
  })
})
