import { describe, expect, it } from 'vitest'
import {
  arange,
  concat,
  eye,
  full,
  linspace,
  manualSeed,
  oneHot,
  rand,
  randn,
  ShapeError,
  stack,
  tensor,
  where,
  zeros,
} from '../../src/tensor/index.ts'

const rows = tensor([
  [1, 2, 3],
  [4, 5, 6],
])

describe('creation', () => {
  it('takes nested arrays and typed arrays', async () => {
    expect(rows.shape).toEqual([2, 3])
    expect(await rows.toArray()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ])
    expect(tensor(Int32Array.of(1, 2), [2]).dtype).toBe('int32')
    expect(() => tensor([[1, 2], [3]])).toThrow(/uneven.*element 1/)
    expect(() => tensor(new Float32Array(5), [2, 3])).toThrow('5 values do not fill the shape [2, 3]')
  })

  it('makes ranges and constants', async () => {
    expect(await arange(2, 11, 3).toArray()).toEqual([2, 5, 8])
    expect(await linspace(0, 1, 5).toArray()).toEqual([0, 0.25, 0.5, 0.75, 1])
    expect(await eye(2).toArray()).toEqual([
      [1, 0],
      [0, 1],
    ])
    expect(await full([2], 7).toArray()).toEqual([7, 7])
    expect(await oneHot(tensor(Int32Array.of(2, 0), [2]), 3).toArray()).toEqual([
      [0, 0, 1],
      [1, 0, 0],
    ])
  })

  it('draws the same numbers from the same seed', async () => {
    manualSeed(5)
    const [a, b] = [await rand([7]).data(), await randn([7]).data()]
    manualSeed(5)
    expect(await rand([7]).data()).toEqual(a)
    expect(await randn([7]).data()).toEqual(b)
    expect(await rand([7]).data()).not.toEqual(a)
  })
})

describe('operations', () => {
  it('broadcast and promote as NumPy and PyTorch', async () => {
    expect(await rows.add(tensor([10, 20, 30])).toArray()).toEqual([
      [11, 22, 33],
      [14, 25, 36],
    ])
    const integers = tensor(Int32Array.of(7, -7), [2])
    expect(integers.mul(2).dtype).toBe('int32')
    expect(integers.mul(0.5).dtype).toBe('float32')
    expect(await integers.div(2).toArray()).toEqual([3.5, -3.5])
    expect(await integers.remainder(3).toArray()).toEqual([1, 2])
    expect(rows.gt(2).dtype).toBe('bool')
  })

  it('throw at once, naming the op, the shapes and the dimension', () => {
    expect(() => rows.add(zeros([4]))).toThrow(ShapeError)
    expect(() => rows.add(zeros([4]))).toThrow(
      /add: shapes \[2, 3\] and \[4\] do not broadcast: dimension -1 is 3/,
    )
    expect(() => rows.matmul(zeros([2, 2]))).toThrow(/inner dimensions are 3 and 2/)
    expect(() => rows.reshape(4, -1)).toThrow(/\[2, 3\] does not fit \[4, -1\]/)
    expect(() => rows.sum(2)).toThrow(/axis 2 is out of range for a tensor of rank 2/)
  })

  it('reduce over axes', async () => {
    expect(await rows.sum().item()).toBe(21)
    expect(await rows.sum(0).toArray()).toEqual([5, 7, 9])
    expect(await rows.mean(1, true).toArray()).toEqual([[2], [5]])
    expect(await rows.var().item()).toBeCloseTo(3.5, 5)
    expect(await rows.prod(1).toArray()).toEqual([6, 120])
    expect(await rows.argmax(1).toArray()).toEqual([2, 2])
    expect(await rows.amin(0).toArray()).toEqual([1, 2, 3])
    expect(await rows.gt(5).any().item()).toBe(1)
    expect(await rows.gt(0).all().item()).toBe(1)
  })

  it('rearrange', async () => {
    expect(await rows.t().toArray()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ])
    expect(await rows.slice(null, { step: -2 }).toArray()).toEqual([
      [3, 1],
      [6, 4],
    ])
    expect(await rows.roll(1, 1).toArray()).toEqual([
      [3, 1, 2],
      [6, 4, 5],
    ])
    expect(await concat([rows, rows.flip(0)], 0).toArray()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
      [4, 5, 6],
      [1, 2, 3],
    ])
    expect((await stack([rows, rows], 1).toArray()) as number[][][]).toHaveLength(2)
    expect(rows.split([1, 2], 1).map((t) => t.shape)).toEqual([
      [2, 1],
      [2, 2],
    ])
    expect(await rows.indexSelect(1, tensor(Int32Array.of(2, 2), [2])).toArray()).toEqual([
      [3, 3],
      [6, 6],
    ])
  })

  it('roll the flattened tensor where no axes are given', async () => {
    expect(await rows.roll(1).toArray()).toEqual([
      [6, 1, 2],
      [3, 4, 5],
    ])
    expect(() => rows.roll([1, 2])).toThrow('one shift for each axis')
  })

  it('scatter the part of a larger source that the index covers', async () => {
    const index = tensor(Int32Array.of(1, 1), [1, 2])
    expect(await zeros([2, 2]).scatterAdd(0, index, rows).toArray()).toEqual([
      [0, 0],
      [1, 2],
    ])
    expect(() => zeros([2, 2]).scatterAdd(0, index, zeros([1, 1]))).toThrow(
      'scatterAdd: the index is [1, 2] but the source [1, 1]',
    )
  })

  it('raise integers to whole powers exactly', async () => {
    const integers = tensor(Int32Array.of(-3, 0, 2, 46341), [4])
    for (const exponent of [0, 1, 2, 3, 7, 31]) {
      const power = integers.pow(exponent)
      expect(power.dtype).toBe('int32')
      const exact = [-3n, 0n, 2n, 46341n].map((x) => Number(BigInt.asIntN(32, x ** BigInt(exponent))))
      expect(await power.toArray()).toEqual(exact)
    }
    expect(await tensor(Uint8Array.of(2, 7), [2]).pow(3).toArray()).toEqual([8, 343 & 255])
    expect([integers.pow(-1).dtype, integers.pow(0.5).dtype]).toEqual(['float32', 'float32'])
    expect(integers.gt(0).pow(2).dtype).toBe('int32')
  })

  it('sort, and take the largest', async () => {
    const x = tensor([3, 1, 2, 3])
    const { values, indices } = x.topk(2)
    expect(await values.toArray()).toEqual([3, 3])
    expect(await indices.toArray()).toEqual([0, 3])
    expect(await x.sort().values.toArray()).toEqual([1, 2, 3, 3])
    expect(await x.cummax(0).values.toArray()).toEqual([3, 3, 3, 3])
    expect(await where(x.gt(1.5), x, 0).toArray()).toEqual([3, 0, 2, 3])
  })
})
