import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createGraphNetwork } from '../../src/onnx/index.ts'
import { tensor } from '../../src/tensor/index.ts'
import { bytesAccess, openCheckpoint } from '../../src/weights/index.ts'

interface Case {
  readonly name: string
  readonly shape: readonly number[]
  readonly prototxt: string
  /** In base64. */
  readonly model: string
  readonly outputs: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly values: readonly number[] }>
  >
}

/** Networks made by make_caffe.py, and what OpenCV makes of them. */
const cases: readonly Case[] = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures', 'caffe-layers.json'), 'utf8'),
)

describe('layers of Caffe do what those of OpenCV do', () => {
  it.each(cases)('$name', async ({ shape, prototxt, model, outputs }) => {
    const structure = bytesAccess(new TextEncoder().encode(prototxt), 'net.prototxt')
    const checkpoint = await openCheckpoint(bytesAccess(Buffer.from(model, 'base64'), 'net.caffemodel'), {
      structure,
    })
    const network = await createGraphNetwork(await checkpoint.network!())
    network.eval()
    const size = shape.reduce((product, extent) => product * extent, 1)
    const input = Float32Array.from({ length: size }, (_, i) => (((i * 37) % 101) - 50) / 50)
    const results = network.forwardAll(tensor(input, shape))
    expect([...network.outputNames].sort()).toEqual(Object.keys(outputs).sort())
    for (const [i, name] of network.outputNames.entries()) {
      const wanted = outputs[name]!
      expect(results[i]!.shape).toEqual(wanted.shape)
      const values = (await results[i]!.data()) as Float32Array
      for (const [k, value] of wanted.values.entries()) {
        expect(Math.abs(values[k]! - value), `${name}[${k}]: ${values[k]} for ${value}`).toBeLessThan(
          2e-6 * Math.max(1, Math.abs(value)),
        )
      }
    }
  })
})
