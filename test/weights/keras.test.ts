import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createGraphNetwork } from '../../src/onnx/index.ts'
import { tensor } from '../../src/tensor/index.ts'
import { loadStateDictFile, openCheckpointFile } from '../../src/weights/file.ts'
import { toFloat32 } from '../../src/weights/state-dict.ts'

const folder = join(import.meta.dirname, 'keras')

/** What plain numpy gives for the networks of the files, and the weights as Keras has them. */
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as {
  readonly input: readonly number[]
  readonly keras1: { readonly input: readonly number[]; readonly output: readonly number[] }
  readonly keras2: Outputs
  readonly keras3: Outputs
  readonly weights: Readonly<Record<string, readonly number[]>>
}

interface Outputs {
  readonly scores: readonly number[]
  readonly picture: readonly number[]
}

async function rebuilt(name: string): ReturnType<typeof createGraphNetwork> {
  const file = await openCheckpointFile(join(folder, name))
  try {
    const network = await createGraphNetwork(await file.network!())
    network.eval()
    return network
  } finally {
    await file.close()
  }
}

function expectClose(values: ArrayLike<number>, wanted: readonly number[], within = 2e-6): void {
  expect(values.length).toBe(wanted.length)
  for (const [i, value] of wanted.entries()) expect(Math.abs(values[i]! - value)).toBeLessThan(within)
}

/** Ocelli's layout of an array that Keras has as [height, width, a, b]. */
function rearranged(values: readonly number[], shape: readonly number[], order: readonly number[]): number[] {
  const sizes = order.map((axis) => shape[axis]!)
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1))
  const walk = (depth: number, at: number): number[] =>
    depth === sizes.length
      ? [values[at]!]
      : Array.from({ length: sizes[depth]! }, (_, i) =>
          walk(depth + 1, at + i * strides[order[depth]!]!),
        ).flat()
  return walk(0, 0)
}

/** Keras' arrays by Ocelli's names, as they should lie. */
const wanted: readonly [name: string, keras: string, shape: number[], from?: number[], order?: number[]][] = [
  ['first.weight', 'first.kernel', [4, 3, 3, 3], [3, 3, 3, 4], [3, 2, 0, 1]],
  ['first.bias', 'first.bias', [4]],
  ['norm.bias', 'norm.beta', [4]],
  ['norm.running_mean', 'norm.moving_mean', [4]],
  ['norm.running_var', 'norm.moving_variance', [4]],
  ['each.weight', 'each.depthwise_kernel', [8, 1, 3, 3], [3, 3, 4, 2], [2, 3, 0, 1]],
  ['each.bias', 'each.bias', [8]],
  ['slopes.weight', 'slopes.alpha', [8]],
  ['both.depthwise.weight', 'both.depthwise_kernel', [8, 1, 3, 2], [3, 2, 8, 1], [2, 3, 0, 1]],
  ['both.pointwise.weight', 'both.pointwise_kernel', [5, 8, 1, 1], [1, 1, 8, 5], [3, 2, 0, 1]],
  ['both.pointwise.bias', 'both.bias', [5]],
  ['larger.weight', 'larger.kernel', [5, 3, 3, 3], [3, 3, 3, 5], [3, 2, 0, 1]],
  ['larger.bias', 'larger.bias', [3]],
  ['twice.inner_conv.weight', 'inner_conv.kernel', [2, 8, 1, 1], [1, 1, 8, 2], [3, 2, 0, 1]],
  ['twice.inner_conv.bias', 'inner_conv.bias', [2]],
  ['twice.inner_norm.weight', 'inner_norm.gamma', [2]],
  ['twice.inner_norm.bias', 'inner_norm.beta', [2]],
  ['twice.inner_norm.running_mean', 'inner_norm.moving_mean', [2]],
  ['twice.inner_norm.running_var', 'inner_norm.moving_variance', [2]],
  ['classes.weight', 'classes.kernel', [3, 64], [64, 3], [1, 0]],
  ['classes.bias', 'classes.bias', [3]],
]

const valuesOf = (keras: string, from?: readonly number[], order?: readonly number[]): readonly number[] => {
  const values = expected.weights[keras]!
  return from === undefined || order === undefined ? values : rearranged(values, from, order)
}

describe('the weights of Keras files', () => {
  it.each(['keras2.h5', 'keras3.keras'])('%s have the names and layouts of Ocelli', async (name) => {
    const { tensors, format } = await loadStateDictFile(join(folder, name))
    expect(format).toBe('keras')
    expect([...tensors.keys()]).toEqual(wanted.map(([own]) => own))
    for (const [own, keras, shape, from, order] of wanted) {
      const found = tensors.get(own)!
      expect([own, found.dtype, found.shape]).toEqual([own, 'F32', shape])
      expectClose(toFloat32(found), valuesOf(keras, from, order), 1e-7)
    }
  })

  it('are told by their names and shapes where the structure is not in the file', async () => {
    const { tensors } = await loadStateDictFile(join(folder, 'keras2.weights-only.h5'))
    const there = wanted.filter(([own]) => !/^(slopes|both|each)\./.test(own))
    expect([...tensors.keys()].sort()).toEqual(there.map(([own]) => own).sort())
    for (const [own, keras, shape, from, order] of there) {
      const found = tensors.get(own)
      expect([own, found?.shape]).toEqual([own, shape])
      expectClose(toFloat32(found!), valuesOf(keras, from, order), 1e-7)
    }
  })

  it('keep float16, under the names that Keras 3 gives their groups', async () => {
    const { tensors } = await loadStateDictFile(join(folder, 'keras3.float16.weights.h5'))
    const first = tensors.get('conv2d.weight')!
    expect([first.dtype, first.shape]).toEqual(['F16', [4, 3, 3, 3]])
    expectClose(toFloat32(first), valuesOf('first.kernel', [3, 3, 3, 4], [3, 2, 0, 1]), 3e-4)
    expect(tensors.get('conv2d_transpose.weight')!.shape).toEqual([5, 3, 3, 3])
    expect([...tensors.keys()].filter((name) => name.startsWith('optimizer'))).toEqual([])
  })
})

describe('the networks of Keras files', () => {
  it.each([
    ['keras2.h5', expected.keras2],
    ['keras3.keras', expected.keras3],
  ])('%s give what numpy gives', async (name, outputs) => {
    const network = await rebuilt(name)
    expect(network.inputs.map(({ name: input, shape }) => [input, shape])).toEqual([
      ['image', ['batch', 3, 7, 6]],
    ])
    const [scores, picture] = network.forwardAll(tensor(expected.input, [2, 3, 7, 6]))
    expect(picture!.shape).toEqual([2, 2, 8, 4])
    expectClose((await picture!.data()) as Float32Array, outputs.picture)
    expectClose((await scores!.data()) as Float32Array, outputs.scores)
  })

  it.each(['keras1.h5', 'keras1_th_kernels.h5'])(
    '%s: channels first, as Keras 1 and Theano have them',
    async (name) => {
      const network = await rebuilt(name)
      expect(network.inputs[0]!.shape).toEqual(['batch', 2, 4, 3])
      const output = network.forward(tensor(expected.keras1.input, [2, 2, 4, 3]))
      expectClose((await output.data()) as Float32Array, expected.keras1.output)
    },
  )
})
