import { describe, expect, it } from 'vitest'
import { variable } from '../../src/tensor/create.ts'
import {
  checkpoint,
  compile,
  customGradient,
  getBackend,
  grad,
  manualSeed,
  noGrad,
  rand,
  randint,
  randn,
  randperm,
  realize,
  StaleValueError,
  type Tensor,
  tensor,
} from '../../src/tensor/index.ts'
import { compiledPrograms } from '../../src/tensor/realize.ts'

const leaf = (values: number[]): Tensor => tensor(values, [values.length], { requiresGrad: true })

describe('backward', () => {
  it('accumulates into the leaves', async () => {
    const x = leaf([1, 2, 3])
    x.mul(x).sum().backward()
    x.mul(2).sum().backward()
    expect(await x.grad!.toArray()).toEqual([4, 6, 8])
  })

  it('goes through a value that was asked for before', async () => {
    const x = leaf([2])
    const y = x.pow(3)
    expect(await y.item()).toBe(8)
    y.backward()
    expect(await x.grad!.item()).toBeCloseTo(12, 5)
  })

  it('refuses what has no gradient', () => {
    expect(() => tensor([1]).sum().backward()).toThrow(/does not require a gradient/)
    expect(() => leaf([1, 2]).mul(2).backward()).toThrow(/needs a gradient argument/)
  })

  it('goes through a released history no second time', async () => {
    const again = /released the history of reduceSum \[\].*retainGraph: true/
    const x = leaf([1, 2])
    const y = x.mul(x).sum()
    y.backward()
    expect(() => y.backward()).toThrow(again)
    expect(await x.grad!.toArray()).toEqual([2, 4])
    expect(() => y.backward()).toThrow(again)
    expect(() => grad(y, [x])).toThrow(again)
    expect(() => y.mul(2).backward()).toThrow(again)
    expect(y.isLeaf).toBe(false)
    expect(await x.grad!.toArray()).toEqual([2, 4])
  })

  it('goes through a retained history as often as asked', async () => {
    const x = leaf([1, 2])
    const y = x.mul(x).sum()
    y.backward(undefined, { retainGraph: true })
    expect(await y.item()).toBe(5)
    y.backward(undefined, { retainGraph: true })
    expect(await x.grad!.toArray()).toEqual([4, 8])
    const [gx] = grad(y, [x])
    expect(await gx!.toArray()).toEqual([2, 4])
    y.backward()
    expect(await x.grad!.toArray()).toEqual([6, 12])
    expect(() => y.backward()).toThrow(/released/)
    const scalar = tensor([3], [], { requiresGrad: true })
    scalar.backward()
    scalar.backward()
    expect(await scalar.grad!.item()).toBe(2)
  })

  it('stops at detach and under noGrad', async () => {
    const x = leaf([3])
    const [gx] = grad(x.mul(x.detach()), [x])
    expect(await gx!.item()).toBe(3)
    expect(noGrad(() => x.mul(2)).requiresGrad).toBe(false)
    expect(() => noGrad(async () => x)).toThrow(/asynchronous/)
  })

  it('gives second derivatives', async () => {
    const x = leaf([0.5, -1])
    const [first] = grad(x.pow(3).sum(), [x], { createGraph: true })
    const [second] = grad(first!.sum(), [x])
    expect(await second!.toArray()).toEqual([3, -6])
  })

  it.each([[[2, 3, 5]], [[2, 0, 5]], [[0, 3, 0]], [[0, 0, 0, 4]], [[7]], [[2, 0, 5, 1, 3, 0.5, 2]]])(
    'gives the derivatives of the product of %j, twice',
    async (values) => {
      const but = (...places: number[]): number =>
        values.reduce((product, value, i) => (places.includes(i) ? product : product * value), 1)
      const x = leaf(values)
      const [first] = grad(x.prod(), [x], { createGraph: true })
      expect(await first!.toArray()).toEqual(values.map((_, i) => but(i)))
      for (const [i] of values.entries()) {
        const [second] = grad(first!.select(0, i), [x], { retainGraph: true })
        expect(await second!.toArray()).toEqual(values.map((_, j) => (j === i ? 0 : but(i, j))))
      }
    },
  )

  it('of a standard deviation is 0 where all values are equal', async () => {
    const x = tensor([1, 1, 1, 1, 2, 4], [2, 3], { requiresGrad: true })
    const std = x.std(1)
    const [gx] = grad(std.sum(), [x])
    expect(await std.toArray()).toEqual([0, expect.closeTo(Math.sqrt(7 / 3), 6)])
    const [first, second] = (await gx!.toArray()) as number[][]
    expect(first).toEqual([0, 0, 0])
    for (const [i, value] of [-4 / 3, -1 / 3, 5 / 3].entries()) {
      expect(second![i]).toBeCloseTo(value / 2 / Math.sqrt(7 / 3), 5)
    }
  })

  it('uses a custom gradient where one is given', async () => {
    const x = leaf([1, 2])
    const y = customGradient(
      [x],
      (v) => v.mul(3),
      (g) => [g.mul(100)],
    )
    const [gx] = grad(y.sum(), [x])
    expect(await y.toArray()).toEqual([3, 6])
    expect(await gx!.toArray()).toEqual([100, 100])
  })

  it.each([
    ['too few', () => []],
    ['too many', (g: Tensor) => [g, null, null]],
    ['of another shape', (g: Tensor) => [g.sum(), null]],
    ['of a shape that would broadcast', (g: Tensor) => [g.unsqueeze(0), null]],
    ['of another dtype', (g: Tensor) => [g.to('int32'), null]],
  ])('refuses gradients from a custom backward that are %s', (_, backward) => {
    const [x, other] = [leaf([1, 2]), leaf([1, 2, 3])]
    const y = customGradient([x, other], (v) => v.mul(3), backward)
    expect(() => y.sum().backward()).toThrow(
      /customGradient: backward gave \[.*\] for the inputs \[float32 \[2\], float32 \[3\]\]/,
    )
  })

  it('is the same through a checkpoint', async () => {
    const [w, x] = [leaf([0.3, 0.7]), leaf([1, 2])]
    const f = (): Tensor => w.mul(x).tanh().mul(w).exp()
    const plain = grad(f().sum(), [w, x])
    const recomputed = grad(checkpoint(() => f()).sum(), [w, x])
    for (const [i, g] of plain.entries()) expect(await recomputed[i]!.data()).toEqual(await g.data())
  })
})

it('programs of checkpointed regions are found again', async () => {
  const w = leaf([0.5, 1])
  const step = async (): Promise<void> => {
    const inner = (): Tensor => checkpoint(() => w.mul(w).tanh())
    w.grad = null
    checkpoint(() => inner().exp())
      .sum()
      .backward()
    await w.grad!.data()
  }
  await step()
  const programs = compiledPrograms
  await step()
  expect(compiledPrograms).toBe(programs)
})

describe('variables', () => {
  it('are updated in place, and values from before say that they are too late', async () => {
    const memory = Float32Array.of(1, 2)
    const p = variable(memory, [2], { requiresGrad: true })
    const early = p.mul(10)
    const late = p.mul(100)
    p.assign(noGrad(() => p.add(1)))
    await realize(early)
    expect(await early.toArray()).toEqual([10, 20])
    expect(await p.toArray()).toEqual([2, 3])
    // WebAssembly overwrites a copy in its own memory.
    if ((await getBackend()).info.name !== 'wasm') expect([...memory]).toEqual([2, 3])
    await expect(late.data()).rejects.toThrow(StaleValueError)
    p.sum().backward()
    expect(await p.grad!.toArray()).toEqual([1, 1])
  })

  it('fail once, not ever after, when a gradient needs a value from before', async () => {
    const p = variable(Float32Array.of(1), [1], { requiresGrad: true })
    const q = leaf([2])
    const product = p.mul(q)
    p.assign(noGrad(() => p.add(1)))
    await realize()
    product.sum().backward()
    await expect(q.add(1).data()).rejects.toThrow(StaleValueError)
    expect(await q.add(1).item()).toBe(3)
  })

  it('swap without losing a value', async () => {
    const [a, b] = [variable(Float32Array.of(1), [1]), variable(Float32Array.of(2), [1])]
    const [oldA, oldB] = [a.mul(1), b.mul(1)]
    a.assign(oldB)
    b.assign(oldA)
    await realize(a, b)
    expect([await a.item(), await b.item()]).toEqual([2, 1])
  })
})

describe('compile', () => {
  it('records once and replays with other values', async () => {
    let recorded = 0
    const f = compile((x: Tensor) => {
      recorded++
      return x.mul(2).add(1)
    })
    expect(await (await f(tensor([1, 2]))).toArray()).toEqual([3, 5])
    expect(await (await f(tensor([5, 7]))).toArray()).toEqual([11, 15])
    expect(recorded).toBe(1)
    expect(await (await f(tensor([5]))).toArray()).toEqual([11])
    expect(recorded).toBe(2)
  })

  it('draws random numbers anew at each call, those that the function itself would draw', async () => {
    const draw = (x: Tensor): Tensor[] => {
      randn([3])
      const [first, second, order] = [randn([4]), rand([4]), randperm(6)]
      const integers = randint(0, 1000, [5]).add(0)
      return [
        integers,
        order.add(0),
        second.mul(x),
        first.mul(x).add(second),
        randn([2], { dtype: 'float32' }).mul(x),
      ]
    }
    const compiled = compile(draw)
    const one = tensor([1])
    const three = async (
      f: (x: Tensor) => readonly Tensor[] | Promise<readonly Tensor[]>,
    ): Promise<unknown[]> => {
      const rounds = []
      for (let i = 0; i < 3; i++) rounds.push(await Promise.all((await f(one)).map((t) => t.toArray())))
      return rounds
    }
    manualSeed(31)
    const expected = await three(draw)
    manualSeed(31)
    expect(await three(compiled)).toEqual(expected)
    expect(expected[1]).not.toEqual(expected[2])
    manualSeed(31)
    expect(await three(compiled)).toEqual(expected)
  })

  it('updates variables at each call', async () => {
    const p = variable(Float32Array.of(1), [1], { requiresGrad: true })
    const step = compile((x: Tensor) => {
      const loss = p.mul(x).sum()
      p.assign(noGrad(() => p.add(x)))
      return loss
    })
    const losses = []
    for (let i = 0; i < 3; i++) losses.push(await (await step(tensor([2]))).item())
    expect(losses).toEqual([2, 6, 10])
    expect(await p.item()).toBe(7)
  })
})
