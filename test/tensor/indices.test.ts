import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as F from '../../src/nn/functional/index.ts'
import { sgd } from '../../src/optim/index.ts'
import { variable } from '../../src/tensor/create.ts'
import {
  compile,
  getBackend,
  IndexError,
  noGrad,
  oneHot,
  realize,
  setBackend,
  type Tensor,
  tensor,
  zeros,
} from '../../src/tensor/index.ts'

const native = (await getBackend()).info.name === 'native'
const ints = (...values: number[]): Tensor => tensor(Int32Array.from(values), [values.length])
const scores = tensor([
  [1, 2, 3],
  [4, 5, 6],
])

/** Ops on an index, and the size of the axis that it is for. */
const ops: readonly (readonly [string, number, (index: Tensor) => Tensor])[] = [
  ['gather', 3, (index) => scores.gather(1, index.unsqueeze(1))],
  ['scatterAdd', 3, (index) => scores.scatterAdd(1, index.unsqueeze(1), tensor([[1], [2]]))],
  ['indexSelect', 3, (index) => scores.indexSelect(1, index)],
  ['oneHot', 3, (index) => oneHot(index, 3)],
  ['embedding', 2, (index) => F.embedding(index, scores)],
  ['crossEntropy', 3, (index) => F.crossEntropy(scores, index)],
  ['crossEntropy', 3, (index) => F.crossEntropy(scores, index, { ignoreIndex: 1, labelSmoothing: 0.1 })],
  ['crossEntropy', 3, (index) => F.crossEntropy(zeros([2, 3]), index)],
  ['nllLoss', 3, (index) => F.nllLoss(scores, index, { weight: tensor([1, 2, 3]) })],
]

describe.each(native ? (['native', 'reference'] as const) : (['reference'] as const))('on %s', (backend) => {
  const before = getBackend()
  beforeAll(() => setBackend(backend))
  afterAll(async () => setBackend((await before).info.name))

  it.each(ops)('%s over %i refuses an index that is out of range', async (name, size, op) => {
    for (const wrong of [size, size + 4, -1, -(2 ** 31)]) {
      const known = new RegExp(`^${name}: index 1 is ${wrong}, out of range for an axis of size ${size}`)
      expect(() => op(ints(0, wrong))).toThrow(IndexError)
      expect(() => op(ints(0, wrong))).toThrow(known)
      const computed = new RegExp(`^${name}: an index is ${wrong}, out of range for an axis of size ${size}`)
      const found = op(ints(0, wrong - 1).add(1))
      await expect(found.data()).rejects.toThrow(computed)
      await expect(found.data()).rejects.toThrow(IndexError)
    }
    for (const right of [0, size - 1]) {
      const known = await op(ints(1, right)).data()
      expect(await op(ints(0, right - 1).add(1)).data()).toEqual(known)
    }
  })

  it('looks at labels through casts and views', () => {
    expect(() => F.crossEntropy(scores, tensor([0, 7]).to('int32'))).toThrow('crossEntropy: index 1 is 7')
    expect(() => F.crossEntropy(scores, tensor(Uint8Array.of(3, 0), [1, 2]).squeeze(0))).toThrow('is 3')
    expect(() => oneHot(zeros([0, 2], { dtype: 'int32' }), 0)).not.toThrow()
  })

  it('takes targets to be ignored, whatever they are', async () => {
    for (const ignoreIndex of [-100, 255]) {
      const loss = (target: Tensor): Promise<number> => F.crossEntropy(scores, target, { ignoreIndex }).item()
      const expected = await F.crossEntropy(scores.narrow(0, 0, 1), ints(2)).item()
      expect(await loss(ints(2, ignoreIndex))).toBeCloseTo(expected, 6)
      expect(await loss(ints(1, ignoreIndex - 1).add(1))).toBeCloseTo(expected, 6)
    }
  })

  it('leaves what else was to be computed as it was', async () => {
    const [a, b] = [scores.mul(2), scores.gather(1, ints(4, 5).add(1).unsqueeze(1))]
    await expect(realize(a, b)).rejects.toThrow('gather: an index is 5')
    expect(await a.toArray()).toEqual([
      [2, 4, 6],
      [8, 10, 12],
    ])
    expect(await scores.add(1).sum().item()).toBe(27)
  })

  it('leaves parameters alone where labels are known, and later steps possible in any case', async () => {
    const weight = variable(Float32Array.of(1, 2, 3), [3], { requiresGrad: true })
    const optimizer = sgd([weight], { lr: 1 })
    const step = async (label: Tensor): Promise<number> => {
      optimizer.zeroGrad()
      const loss = F.crossEntropy(weight.unsqueeze(0), label)
      loss.backward()
      await optimizer.step()
      return loss.item()
    }
    await expect(step(ints(3))).rejects.toThrow(IndexError)
    expect(await weight.toArray()).toEqual([1, 2, 3])
    await expect(step(ints(2).add(1))).rejects.toThrow(IndexError)
    const first = await step(ints(0))
    expect(await step(ints(0))).toBeLessThan(first)
  })

  it('checks the arguments of a compiled function before it runs', async () => {
    const count = variable(Float32Array.of(0), [1])
    const compiled = compile((label: Tensor, shift: Tensor) => {
      count.assign(noGrad(() => count.add(1)))
      return [scores.gather(1, label.unsqueeze(1)), scores.gather(1, label.add(shift).unsqueeze(1))]
    })
    const [known] = await compiled(ints(0, 1), ints(1, 1))
    expect(await known!.toArray()).toEqual([[1], [5]])
    await expect(compiled(ints(0, 3), ints(0, 0))).rejects.toThrow('gather: index 1 is 3')
    expect(await count.item()).toBe(1)
    await expect(compiled(ints(0, 2), ints(0, 1))).rejects.toThrow('gather: an index is 3')
    const [again] = await compiled(ints(2, 2), ints(0, 0))
    expect(await again!.toArray()).toEqual([[3], [6]])
  })

  it('reports the first of several, on all threads', async () => {
    const index = Int32Array.from({ length: 200_000 }, (_, i) => (i >= 77_777 ? 5 + (i % 100) : i % 5))
    const wide = zeros([5, 1]).add(tensor([[1], [2], [3], [4], [5]]))
    const found = wide.gather(0, tensor(index, [200_000, 1]).add(0))
    await expect(found.data()).rejects.toThrow(`gather: an index is ${index[77_777]},`)
    const sum = zeros([5, 1]).scatterAdd(
      0,
      tensor(index, [200_000, 1]).add(0),
      tensor(new Float32Array(200_000), [200_000, 1]),
    )
    await expect(sum.data()).rejects.toThrow(`scatterAdd: an index is ${index[77_777]},`)
  })
})
