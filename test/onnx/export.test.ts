import { describe, expect, it } from 'vitest'
import type { Shape } from '../../src/graph/shape.ts'
import { Module } from '../../src/nn/index.ts'
import { type ExportOptions, exportOnnx } from '../../src/onnx/index.ts'
import { Generator, noGrad, type Tensor, tensor } from '../../src/tensor/index.ts'
import { distance, onnxRuntime, runModel } from '../support/onnx-runtime.ts'
import { compositeCases, type ExportCase } from './composite-cases.ts'
import { primitiveCases } from './primitive-cases.ts'

const runtime = onnxRuntime()

class Lambda extends Module {
  readonly #fn: (...inputs: Tensor[]) => Tensor | Tensor[]

  constructor(fn: (...inputs: Tensor[]) => Tensor | Tensor[]) {
    super()
    this.#fn = fn
  }

  override forward(...inputs: Tensor[]): Tensor | Tensor[] {
    return this.#fn(...inputs)
  }
}

const generator = new Generator(5)

function noise(shape: Shape): { shape: Shape; values: Float32Array } {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1))
  generator.fillNormal(values)
  return { shape, values }
}

/** Exports a case, runs it for two batch sizes, and gives the operators written and the largest difference. */
async function compare(
  given: ExportCase,
  options: Partial<ExportOptions>,
): Promise<{ readonly ops: readonly string[]; readonly apart: number }> {
  const network = given.network?.() ?? new Lambda(given.forward)
  const training = given.network !== undefined
  const model = await exportOnnx(network, { inputShape: given.inputs, training, ...options })
  let apart = 0
  for (const batch of options.dynamicBatch === false ? [given.inputs[0]![0]!] : [2, 5]) {
    const inputs = given.inputs.map((shape) => noise([batch, ...shape.slice(1)]))
    const theirs = await runModel(runtime!, model, inputs)
    network.train(training)
    const result = noGrad(() => network.forward(...inputs.map(({ shape, values }) => tensor(values, shape))))
    const own = Array.isArray(result) ? (result as Tensor[]) : [result as Tensor]
    const names = model.graph.outputs.map(({ name }) => name)
    for (const [i, output] of own.entries()) {
      const other = theirs[names[i]!]!
      expect(other.dims).toEqual(output.shape)
      apart = Math.max(apart, distance(await output.data(), other.data))
    }
    // Later batches start from other statistics than those in the file.
    if (batch !== 2) continue
    for (const [name, buffer] of network.namedBuffers()) {
      const other = theirs[`${name}.updated`]
      if (other !== undefined) apart = Math.max(apart, distance(await buffer.data(), other.data))
    }
  }
  return { ops: model.graph.nodes.map(({ op }) => op), apart }
}

const opsets = [13, 16, 17, 18, 20, 21]

describe.skipIf(runtime === undefined)('exported for ONNX Runtime', () => {
  for (const [title, table] of [
    ['the composed function', compositeCases],
    ['the primitive', primitiveCases],
  ] as const) {
    for (const [kind, cases] of Object.entries(table)) {
      for (const given of cases ?? []) {
        it(`${title} ${kind}, ${given.name}, gives the same`, async () => {
          const least = given.opset ?? 13
          const wanted = [...new Set([least, ...opsets.filter((opset) => opset >= least)])]
          for (const opset of wanted) {
            const { ops, apart } = await compare(given, { opset })
            expect(apart, `opset ${opset}`).toBeLessThanOrEqual(given.bound ?? 2e-6)
            if (opset === least) expect(ops).toContain(given.op)
          }
        })
      }
    }
  }
})
