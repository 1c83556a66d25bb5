import { describe, expect, it } from 'vitest'
import { passOverImages } from '../../src/compiler/image-passes.ts'
import { slotsOf } from '../../src/compiler/instruction-slots.ts'
import type { Buffer } from '../../src/compiler/lowering-state.ts'
import type { Image, Instruction } from '../../src/compiler/program.ts'
import { at, image, inner, input, loop, type Of, output, pointwise, relu } from '../support/instructions.ts'

const [n, h, w, c] = [4, 48, 64, 128] as const
const bytes = 4 * n * h * w * c

function conv(x: Image, y: Image, weight = 1): Of<'conv2d'> {
  return {
    op: 'conv2d',
    algorithm: 'pointwise',
    geometry: pointwise,
    x,
    weight: { slot: weight, dtype: 'float32', offset: 0 },
    packed: false,
    y,
    epilogue: null,
  }
}

/** An input image in 0, weights in 1, two images between in 2 and 3, a result in 4, sums of images in 5. */
const buffers: readonly Buffer[] = [
  input(bytes, 0),
  input(4 * c * c, 1),
  inner(bytes),
  inner(bytes),
  output(bytes, 0),
  inner(4 * n * c),
]
const of = (slot: number): Image => image(slot, [n, h, w, c])
const sums: Instruction = {
  op: 'reduce',
  kind: 'sum',
  dims: [n, h * w, c],
  reduced: [false, true, false],
  inputs: [at(2, [h * w * c, c, 1])],
  outputs: [at(5, [c, 0, 1])],
  results: [0],
  code: [],
  registers: 1,
  type: 'f32',
  scales: [1],
}
const scaled = loop([n, h * w, c], [at(2, [h * w * c, c, 1]), at(5, [c, 0, 1])], at(3, [h * w * c, c, 1]), [
  { op: 'mul', type: 'f32', out: 2, a: 0, b: 1 },
])
const squeezed = [conv(of(0), of(2)), sums, scaled, conv(of(3), of(4))]
const ops = (instructions: readonly Instruction[]): string[] => instructions.map(({ op }) => op)

describe('instructions that hand large images on', () => {
  it('run for one image after the other', () => {
    const passes = passOverImages(buffers, squeezed)
    const each = ['conv2d', 'reduce', 'elementwise', 'conv2d']
    expect(ops(passes.instructions)).toEqual([...each, ...each, ...each, ...each])
    for (let i = 0; i < n; i++) {
      const [first, sum, product, last] = passes.instructions.slice(4 * i, 4 * i + 4) as [
        Of<'conv2d'>,
        Of<'reduce'>,
        Of<'elementwise'>,
        Of<'conv2d'>,
      ]
      expect(first.x).toEqual({ ...of(0), n: 1, offset: i * h * w * c })
      expect(last.y).toEqual({ ...of(4), n: 1, offset: i * h * w * c })
      expect(first.weight.slot).toBe(1)
      // What lies between them has memory for one image, of its own.
      expect(first.y).toMatchObject({ n: 1, offset: 0 })
      expect(passes.buffers[first.y.slot]).toEqual(inner(bytes / n))
      expect(sum.dims).toEqual([1, h * w, c])
      expect(sum.inputs[0]!.slot).toBe(first.y.slot)
      expect(product.inputs.map(({ slot }) => slot)).toEqual([first.y.slot, sum.outputs[0]!.slot])
      expect(last.x.slot).toBe(product.outputs[0]!.slot)
    }
    const between = passes.instructions.flatMap(slotsOf).filter(({ slot }) => slot >= buffers.length)
    expect(new Set(between.map(({ slot }) => slot)).size).toBe(3 * n)
  })

  it('run as far as they compute images by themselves', () => {
    const overImages: Instruction = {
      ...(sums as Of<'reduce'>),
      reduced: [true, true, false],
      inputs: [at(4, [h * w * c, c, 1])],
      outputs: [at(6, [0, 0, 1])],
    }
    const { instructions } = passOverImages([...buffers, inner(4 * c)], [...squeezed, overImages])
    expect(ops(instructions).filter((op) => op === 'reduce').length).toBe(n + 1)
    expect(instructions.at(-1)).toBe(overImages)
  })

  it('and work on flat loops', () => {
    const flat = loop([n * h * w * c], [at(2)], at(3), [relu(1, 0)])
    const { instructions } = passOverImages(buffers, [conv(of(0), of(2)), flat, conv(of(3), of(4))])
    const loops = instructions.filter((i) => i.op === 'elementwise')
    expect(loops.map(({ dims }) => dims)).toEqual([[h * w * c], [h * w * c], [h * w * c], [h * w * c]])
  })

  const small = [4, 32, 32, 128] as const
  const smallBytes = 4 * 4 * 32 * 32 * 128
  it.each<[string, readonly Buffer[], readonly Instruction[]]>([
    [
      'unless they stay in a cache anyway',
      [input(smallBytes, 0), input(4 * c * c, 1), inner(smallBytes), output(smallBytes, 0)],
      [conv(image(0, small), image(2, small)), conv(image(2, small), image(3, small))],
    ],
    [
      'unless one image is too large',
      [input(n * bytes, 0), input(4 * c * c, 1), inner(n * bytes), output(n * bytes, 0)],
      [
        conv(image(0, [n, 2 * h, 2 * w, c]), image(2, [n, 2 * h, 2 * w, c])),
        conv(image(2, [n, 2 * h, 2 * w, c]), image(3, [n, 2 * h, 2 * w, c])),
      ],
    ],
    [
      'unless there is but one',
      [input(bytes, 0), input(4 * c * c, 1), inner(bytes), output(bytes, 0)],
      [
        conv(image(0, [1, n * h, w, c]), image(2, [1, n * h, w, c])),
        conv(image(2, [1, n * h, w, c]), image(3, [1, n * h, w, c])),
      ],
    ],
    [
      'unless their weights are more than the images',
      [input(bytes, 0), input(8 * bytes, 1), inner(bytes), output(bytes, 0)],
      [conv(of(0), of(2)), conv(of(2), of(3))],
    ],
    [
      'unless an input is overwritten in place',
      [input(bytes, 0), input(4 * c * c, 1), inner(bytes), output(bytes, 0, 0)],
      [conv(of(0), of(2)), conv(of(2), of(3))],
    ],
  ])('%s', (_, places, instructions) => {
    expect(passOverImages(places, instructions)).toEqual({ buffers: places, instructions })
  })
})
