import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createGraphNetwork } from '../../src/onnx/index.ts'
import { concat, type Tensor, tensor } from '../../src/tensor/index.ts'
import { openCheckpoint } from '../../src/weights/load.ts'
import { numbers, operatorCases } from '../support/tflite-cases.ts'
import { type FileNetwork, tfliteFile } from '../support/tflite-file.ts'
import { tfliteRuntime } from '../support/tflite-runtime.ts'

/**
 * What TensorFlow Lite computes for each case. With TFLITE_RUNTIME, the folder `wasm` of the npm package
 * @tensorflow/tfjs-tflite (0.0.1-alpha.10), it is computed again and written.
 */
const fixture = join(import.meta.dirname, 'fixtures/tflite-operators.json')
const runtime = process.env.TFLITE_RUNTIME
if (runtime !== undefined) {
  const run = await tfliteRuntime(runtime)
  const results = Object.entries(operatorCases).map(([name, network]) => {
    try {
      const outputs = run(tfliteFile(network), inputsOf(network, 1))
      return [name, outputs.map((values) => values.map((value) => Number(value.toPrecision(8))))]
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}`, { cause: error })
    }
  })
  const lines = results.map(([name, outputs]) => `  ${JSON.stringify(name)}: ${JSON.stringify(outputs)}`)
  writeFileSync(fixture, `{\n${lines.join(',\n')}\n}\n`)
}
const expected = JSON.parse(readFileSync(fixture, 'utf8')) as Record<string, number[][]>

function inputsOf({ tensors, inputs }: FileNetwork, seed: number): number[][] {
  return inputs.map((index, i) =>
    numbers(
      tensors[index]!.shape.reduce((n, d) => n * d, 1),
      10 * seed + i,
    ),
  )
}

/** Of TensorFlow's axes, those that images have here; and back. */
const outward = (x: Tensor): Tensor => (x.rank === 4 ? x.permute(0, 3, 1, 2) : x)
const inward = (x: Tensor): Tensor => (x.rank === 4 ? x.permute(0, 2, 3, 1) : x)

function tensorsOf({ tensors, inputs }: FileNetwork, values: readonly number[][]): Tensor[] {
  return inputs.map((index, i) => outward(tensor(values[i]!).reshape(tensors[index]!.shape)))
}

async function open(network: FileNetwork) {
  const file = await openCheckpoint(tfliteFile(network), { name: 'case.tflite' })
  const graph = await createGraphNetwork(await file.network!())
  graph.eval()
  return graph
}

describe('operators of TensorFlow Lite', () => {
  it('have all been computed by it', () => {
    expect(Object.keys(expected)).toEqual(Object.keys(operatorCases))
  })

  it.each(Object.entries(operatorCases))('%s', async (name, network) => {
    const graph = await open(network)
    const outputs = graph.forwardAll(...tensorsOf(network, inputsOf(network, 1)))
    expect(outputs.length).toBe(network.outputs.length)
    for (const [i, output] of outputs.entries()) {
      const result = inward(output)
      expect(result.shape).toEqual(network.tensors[network.outputs[i]!]!.shape)
      const values = await result.data()
      const wanted = expected[name]![i]!
      for (const [at, value] of wanted.entries()) {
        expect(
          Math.abs(values[at]! - value),
          `${name}, output ${i}, element ${at}: ${values[at]}, not ${value}`,
        ).toBeLessThan(2e-5 * Math.max(1, Math.abs(value)))
      }
    }
  })

  const free = Object.entries(operatorCases).filter(([, { tensors, inputs, outputs }]) =>
    [...inputs, ...outputs].every((index) => tensors[index]!.shape[0] === 1),
  )
  it.each(free)('%s: of a batch gives what each image gives', async (_, network) => {
    const graph = await open(network)
    for (const { shape } of graph.inputs) expect(shape![0]).toBe('batch')
    const singly = [1, 2, 3].map((seed) => tensorsOf(network, inputsOf(network, seed)))
    const together = graph.forwardAll(...singly[0]!.map((_, i) => concat(singly.map((inputs) => inputs[i]!))))
    for (const [i, output] of together.entries()) {
      const apart = concat(singly.map((inputs) => graph.forwardAll(...inputs)[i]!))
      expect(output.shape).toEqual(apart.shape)
      const [all, each] = [await output.data(), await apart.data()]
      for (const [at, value] of each.entries()) expect(all[at]).toBeCloseTo(value, 4)
    }
  })
})
