import { describe, expect, it } from 'vitest'
import { chainImages } from '../../src/compiler/chain-images.ts'
import { slotsOf } from '../../src/compiler/instruction-slots.ts'
import type { ConvAlgorithm, Instruction } from '../../src/compiler/program.ts'
import { at, image, inner, input, loop, type Of, output, relu } from '../support/instructions.ts'

/** Bytes of the images below, and of a weight. */
const [large, weightBytes] = [4 * 112 * 112 * 32, 4 * 32 * 32]

function conv(x: number, weight: number, y: number, algorithm: ConvAlgorithm = 'pointwise'): Of<'conv2d'> {
  const size = algorithm === 'pointwise' ? 1 : 3
  return {
    op: 'conv2d',
    algorithm,
    geometry: {
      kernel: [size, size],
      stride: [1, 1],
      padding: [(size - 1) / 2, (size - 1) / 2],
      dilation: [1, 1],
      groups: 1,
    },
    x: image(x, [1, 112, 112, 32]),
    weight: { slot: weight, dtype: 'float32', offset: 0 },
    packed: true,
    y: image(y, [1, 112, 112, 32]),
    epilogue: null,
  }
}

/** Input 0, images 1 and 2 within, result 3, a weight 4, a further result 5 that takes over the input's memory. */
const buffers = [
  input(large, 0),
  inner(large),
  inner(large),
  output(large, 0),
  inner(weightBytes),
  output(large, 1, 0),
]
const line = [conv(0, 4, 1), conv(1, 4, 2, 'depthwise'), conv(2, 4, 3)]

function ops(instructions: readonly Instruction[]): string[] {
  return instructions.map(({ op }) => op)
}

describe('chainImages', () => {
  it('joins what hands large images on, in bands that a cache holds', () => {
    const [chain, ...others] = chainImages(buffers, line)
    expect(others).toEqual([])
    expect(chain).toMatchObject({ op: 'chain', stages: line })
    // Rows of 14 KiB, two more of the first image than of the second.
    const { rows } = chain as Of<'chain'>
    expect((2 * rows + 2) * 112 * 32 * 4).toBeLessThanOrEqual(384 << 10)
    expect(rows).toBeGreaterThan(10)
    expect(new Set(slotsOf(chain!).map(({ slot }) => slot))).toEqual(new Set([0, 4, 3]))
  })

  it('leaves small images, and those that another instruction reads, too', () => {
    const small = line.map((stage) => ({ ...stage, x: { ...stage.x, h: 50 }, y: { ...stage.y, h: 50 } }))
    const smaller = buffers.map((buffer) =>
      buffer.bytes === large ? { ...buffer, bytes: 4 * 50 * 112 * 32 } : buffer,
    )
    expect(ops(chainImages(smaller, small))).toEqual(['conv2d', 'conv2d', 'conv2d'])
    const reader = loop([112 * 112 * 32], [at(1)], at(5), [relu(1, 0)])
    expect(ops(chainImages(buffers, [...line, reader]))).toEqual(['conv2d', 'chain', 'elementwise'])
  })

  it('leaves weights that would not stay in the cache', () => {
    const heavy = buffers.map((buffer, i) => (i === 4 ? { ...buffer, bytes: 100 << 10 } : buffer))
    const result = chainImages(heavy, line)
    expect(ops(result)).toEqual(['chain', 'conv2d'])
    expect(result[1]).toBe(line[2])
  })

  it("leaves Winograd's convolutions, and packs that are made in the run", () => {
    expect(ops(chainImages(buffers, [line[0]!, conv(1, 4, 2, 'winogradF4'), line[2]!]))).toHaveLength(3)
    expect(ops(chainImages(buffers, [line[0]!, { ...line[1]!, packed: false }, line[2]!]))).toHaveLength(3)
  })

  it('runs where its last stage ran, if nothing has overwritten by then what it reads', () => {
    const other = loop([112 * 112 * 32], [at(4, [0])], at(5), [relu(1, 0)])
    // The loop takes over the memory of what the first stage reads.
    expect(ops(chainImages(buffers, [line[0]!, other, line[1]!, line[2]!]))).toEqual([
      'conv2d',
      'elementwise',
      'chain',
    ])
    const besides = buffers.map((buffer, i) => (i === 5 ? output(large, 1) : buffer))
    expect(ops(chainImages(besides, [line[0]!, other, line[1]!, line[2]!]))).toEqual(['elementwise', 'chain'])
  })

  it('pools within a chain, with no positions', () => {
    const pool: Of<'maxPool2d'> = {
      op: 'maxPool2d',
      layout: 'nhwc',
      geometry: { kernel: [3, 3], stride: [2, 2], padding: [1, 1], dilation: [1, 1] },
      x: image(1, [1, 112, 112, 32]),
      y: image(3, [1, 56, 56, 32]),
      values: true,
      indices: null,
    }
    expect(ops(chainImages(buffers, [line[0]!, pool]))).toEqual(['chain'])
    const positions: Of<'maxPool2d'> = { ...pool, indices: { slot: 2, dtype: 'int32', offset: 0 } }
    expect(ops(chainImages(buffers, [line[0]!, positions]))).toEqual(['conv2d', 'maxPool2d'])
  })
})
