import { beforeAll, describe, expect, it } from 'vitest'
import { nn } from '../../src/index.ts'
import * as optim from '../../src/optim/index.ts'
import { variable } from '../../src/tensor/create.ts'
import { compile, setBackend, type Tensor, tensor, zeros } from '../../src/tensor/index.ts'
import { compiledPrograms } from '../../src/tensor/realize.ts'

const leaf = (...values: number[]): Tensor =>
  variable(Float32Array.from(values), [values.length], { requiresGrad: true })

/** Each call takes a step on the sum of squares of the distance to 3. */
async function descend(
  optimizer: optim.Optimizer,
  parameters: readonly Tensor[],
  guard?: Tensor,
): Promise<void> {
  optimizer.zeroGrad()
  const losses = parameters.map((p) => p.sub(3).square().sum())
  losses.reduce((a, b) => a.add(b)).backward()
  await optimizer.step(guard ? { guard } : {})
}

const makers: readonly (readonly [string, (params: optim.Params<never>) => optim.Optimizer])[] = [
  ['SGD', (params) => optim.sgd(params, { lr: 0.1, momentum: 0.9, dampening: 0.2 })],
  ['Adam', (params) => optim.adam(params, { lr: 0.1, amsgrad: true })],
  ['AdamW', (params) => optim.adamW(params, { lr: 0.1 })],
  ['Adamax', (params) => optim.adamax(params, { lr: 0.1 })],
  ['RMSprop', (params) => optim.rmsprop(params, { lr: 0.1, momentum: 0.9, centered: true })],
]

beforeAll(async () => {
  await setBackend('reference')
})

describe.each(makers)('%s', (_, make) => {
  it('reaches the minimum', async () => {
    const p = leaf(2.5, 3.5)
    const optimizer = make([p])
    for (let i = 0; i < 150; i++) await descend(optimizer, [p])
    for (const value of await p.data()) expect(value).toBeCloseTo(3, 0)
  })

  it('leaves parameters and state alone when the guard is not finite', async () => {
    const [a, b] = [leaf(1, 2), leaf(1, 2)]
    const [guarded, plain] = [make([a]), make([b])]
    // Before the first step, where state is all zeros, and between steps.
    await descend(guarded, [a], tensor(Number.NaN, []))
    expect([...(await a.data())]).toEqual([1, 2])
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      await descend(guarded, [a], tensor(1, []))
      await descend(guarded, [a], tensor([0, bad]))
      await descend(plain, [b])
      expect(await a.data()).toEqual(await b.data())
    }
    for (const [name, tensor] of guarded.stateDict().tensors) {
      expect(await tensor.data()).toEqual(await plain.stateDict().tensors.get(name)!.data())
    }
  })

  it('goes on from a saved state to the same result', async () => {
    const [a, b] = [leaf(1, 2), leaf(1, 2)]
    const [a2, b2] = [leaf(0, 0), leaf(0, 0)]
    const optimizer = make([a, b])
    for (const list of [[a, b], [a], [a, b]]) await descend(optimizer, list)
    const { state, tensors } = optimizer.stateDict()
    const copies = new Map<string, Tensor>()
    for (const [name, value] of tensors) copies.set(name, tensor(await value.data(), value.shape))
    a2.load(await a.data())
    b2.load(await b.data())
    const resumed = make([a2, b2])
    // State that is there already is replaced, in a compiled step as well.
    const step = compile((x: Tensor): Tensor => {
      const loss = a2.sub(x).square().sum().add(b2.sub(x).square().sum())
      resumed.zeroGrad()
      loss.backward()
      resumed.update()
      return loss
    })
    const [before, beforeB] = [await a2.data(), await b2.data()]
    await step(tensor(3, []))
    a2.load(before)
    b2.load(beforeB)
    resumed.loadStateDict({ state: JSON.parse(JSON.stringify(state)), tensors: copies })
    for (let i = 0; i < 4; i++) {
      await descend(optimizer, [a, b])
      await step(tensor(3, []))
      expect(await a2.data()).toEqual(await a.data())
      expect(await b2.data()).toEqual(await b.data())
    }
  })

  it('starts anew from the state of one that has not begun', async () => {
    const [a, b] = [leaf(1, 2), leaf(1, 2)]
    const [used, fresh] = [make([a]), make([b])]
    await descend(used, [a])
    a.load(Float32Array.of(1, 2))
    used.loadStateDict(fresh.stateDict())
    await descend(used, [a])
    await descend(fresh, [b])
    expect(await a.data()).toEqual(await b.data())
  })

  it('compiles one program, whatever the learning rate and the step', async () => {
    const p = leaf(1, 2)
    const optimizer = make([p])
    const scheduler = new optim.ExponentialLR(optimizer, { gamma: 0.9 })
    await descend(optimizer, [p])
    const programs = compiledPrograms
    for (let i = 0; i < 10; i++) {
      await descend(optimizer, [p])
      scheduler.step()
    }
    expect(compiledPrograms).toBe(programs)
  })
})

describe('parameters', () => {
  it('without a gradient, or frozen, are left alone', async () => {
    const [a, b, c] = [leaf(1), leaf(1), leaf(1)]
    const optimizer = optim.adamW([a, b, c], { lr: 0.1 })
    a.sum().add(b.sum()).backward()
    b.requiresGrad = false
    await optimizer.step()
    expect(await a.item()).toBeCloseTo(0.899, 5)
    expect([await b.item(), await c.item()]).toEqual([1, 1])
    expect([...optimizer.stateDict().tensors.keys()]).toEqual(['group.0.step', '0.expAvg', '0.expAvgSq'])
  })

  it('come in groups with options of their own', async () => {
    const [a, b, c] = [leaf(1), leaf(1), leaf(1)]
    const optimizer = optim.sgd([{ params: a }, { params: [b], lr: 0.5 }], { lr: 0.1 })
    optimizer.addParamGroup({ params: [c], lr: 0, momentum: 0.9 })
    expect(optimizer.paramGroups.map(({ lr, momentum }) => [lr, momentum])).toEqual([
      [0.1, 0],
      [0.5, 0],
      [0, 0.9],
    ])
    a.sum().add(b.sum()).add(c.sum()).backward()
    await optimizer.step()
    expect(await a.item()).toBeCloseTo(0.9, 6)
    expect([await b.item(), await c.item()]).toEqual([0.5, 1])
  })

  it('added later take part in a compiled step', async () => {
    const [a, b] = [leaf(1), leaf(1)]
    const optimizer = optim.sgd([a], { lr: 0.5 })
    const step = compile((): Tensor => {
      const loss = a.sum().add(b.sum())
      optimizer.zeroGrad()
      loss.backward()
      optimizer.update()
      b.grad = null
      return loss
    })
    optimizer.addParamGroup({ params: [b] })
    await step()
    await step()
    expect([await a.item(), await b.item()]).toEqual([0, 0])
  })

  it('accumulate gradients over several backward passes', async () => {
    const p = leaf(1)
    const optimizer = optim.sgd([p], { lr: 0.1 })
    const step = compile((x: Tensor): Tensor => {
      optimizer.zeroGrad()
      for (const part of x.chunk(2)) p.mul(part).sum().backward()
      optimizer.update()
      return x.sum()
    })
    await step(tensor([1, 2]))
    await step(tensor([3, 4]))
    expect(await p.item()).toBeCloseTo(0, 6)
  })

  it('say what became of their gradient', async () => {
    const p = leaf(1)
    p.label = 'conv1.weight'
    const optimizer = optim.sgd([p])
    p.sum().backward()
    await optimizer.step()
    await expect(p.grad!.data()).rejects.toThrow('the gradient of conv1.weight was used up')
    for (const use of [() => p.sum().backward(), () => optimizer.update(), () => optim.clipGradNorm(p, 1)]) {
      expect(use).toThrow('call zeroGrad() before the next backward()')
    }
    optimizer.zeroGrad()
    expect(p.grad).toBe(null)
  })

  it('are checked', () => {
    const p = leaf(1)
    expect(() => optim.sgd([])).toThrow('SGD: there are no parameters to train')
    expect(() => optim.sgd([p, p])).toThrow('is given more than once')
    expect(() => optim.sgd([{ params: p }, { params: p }])).toThrow('is given more than once')
    expect(() => optim.sgd([p.mul(2)])).toThrow('is the result of an operation; only leaves can be trained')
    expect(() => optim.sgd([tensor(Int32Array.of(1))])).toThrow('its dtype is int32')
    expect(() => optim.sgd([p, { params: leaf(2) }] as never)).toThrow('not both in one list')
    expect(() => optim.sgd([{ params: [1 as never] }])).toThrow('element 0 of params is number')
  })
})

describe('options', () => {
  const p = [zeros([1])]
  it.each([
    ['SGD: lr must be a finite number >= 0, got -1', () => optim.sgd(p, { lr: -1 })],
    ['SGD: momentum must be', () => optim.sgd(p, { momentum: Number.NaN })],
    ['SGD: nesterov needs a momentum above 0', () => optim.sgd(p, { nesterov: true })],
    ['SGD: nesterov needs', () => optim.sgd(p, { nesterov: true, momentum: 0.9, dampening: 0.1 })],
    [
      'Adam: betas[0] must be in the range 0 <= betas[0] < 1, got 1',
      () => optim.adam(p, { betas: [1, 0.9] }),
    ],
    ['AdamW: weightDecay must be', () => optim.adamW(p, { weightDecay: -1 })],
    ['Adamax: betas[1] must be', () => optim.adamax(p, { betas: [0.9, 1] })],
    ['RMSprop: alpha must be', () => optim.rmsprop(p, { alpha: -0.1 })],
    [
      "SGD: there is no option 'learningRate' (given as 1); it has lr, momentum",
      () => optim.sgd(p, { learningRate: 1 } as never),
    ],
    ['RMSprop: eps must be', () => optim.rmsprop([{ params: p, eps: -1 }])],
  ])('out of range are refused: %s', (message, fn) => {
    expect(fn).toThrow(message)
  })

  it('that are undefined take the default', () => {
    expect(optim.adam(p, { lr: undefined } as never).paramGroups[0]!.lr).toBe(1e-3)
  })

  it('may not switch a part on inside a compiled step', async () => {
    const parameter = leaf(1)
    const optimizer = optim.sgd([parameter], { lr: 0.1 })
    const step = compile((): Tensor => {
      const loss = parameter.sum()
      optimizer.zeroGrad()
      loss.backward()
      optimizer.update()
      return loss
    })
    await step()
    optimizer.paramGroups[0]!.weightDecay = 0.1
    await expect(step()).rejects.toThrow(
      'SGD: weightDecay was switched on or off since the step was compiled',
    )
  })

  it('guard: only what can be NaN', () => {
    expect(() => optim.sgd(p).update({ guard: tensor(Int32Array.of(1)) })).toThrow(
      'must be a floating-point tensor',
    )
  })
})

describe('loadStateDict refuses', () => {
  const trained = async (make: (params: Tensor[]) => optim.Optimizer): Promise<optim.OptimizerStateDict> => {
    const p = leaf(1, 2)
    const optimizer = make([p])
    await descend(optimizer, [p])
    return optimizer.stateDict()
  }

  it('the state of another optimizer, or none', async () => {
    const state = await trained((params) => optim.adam(params))
    expect(() => optim.sgd([leaf(1, 2)]).loadStateDict(state)).toThrow('SGD: the saved state is one of Adam')
    const none = { state: 3, tensors: new Map() }
    expect(() => optim.sgd([leaf(1)]).loadStateDict(none)).toThrow('this is not the state of an optimizer')
  })

  it('other numbers of groups and parameters, and other shapes', async () => {
    const state = await trained((params) => optim.adam(params))
    const two = optim.adam([{ params: leaf(1) }, { params: leaf(2) }])
    expect(() => two.loadStateDict(state)).toThrow('has 1 parameter groups, this optimizer 2')
    const more = optim.adam([leaf(1), leaf(2)])
    expect(() => more.loadStateDict(state)).toThrow(
      "group 0 of the saved state has 1 parameters, this optimizer's 2",
    )
    const larger = leaf(1, 2, 3)
    larger.label = 'fc.bias'
    expect(() => optim.adam([larger]).loadStateDict(state)).toThrow(
      'the saved 0.expAvg is [2], but fc.bias is [3]',
    )
  })

  it('tensors missing or left over, and leaves everything as it was', async () => {
    const { state, tensors } = await trained((params) => optim.adam(params, { lr: 0.5 }))
    const optimizer = optim.adam([leaf(1, 2)])
    const without = new Map([...tensors].filter(([name]) => name !== '0.expAvgSq'))
    expect(() => optimizer.loadStateDict({ state, tensors: without })).toThrow(
      '1 tensors missing (0.expAvgSq)',
    )
    const uncounted = new Map([...tensors].filter(([name]) => name !== 'group.0.step'))
    expect(() => optimizer.loadStateDict({ state, tensors: uncounted })).toThrow('missing (group.0.step)')
    const extra = new Map([...tensors, ['7.expAvg', zeros([2])]])
    expect(() => optimizer.loadStateDict({ state, tensors: extra })).toThrow('1 unexpected (7.expAvg)')
    expect(optimizer.paramGroups[0]!.lr).toBe(1e-3)
    expect(optimizer.stateDict().tensors.size).toBe(0)
  })

  it('options that it does not know', () => {
    const load = (options: object): void => {
      const groups = [{ parameters: 1, options }]
      optim
        .rmsprop([leaf(1)])
        .loadStateDict({ state: { optimizer: 'RMSprop', groups } as never, tensors: new Map() })
    }
    const options = {
      lr: 1,
      alpha: 0.9,
      eps: 1,
      weightDecay: 0,
      momentum: 0,
      centered: false,
      maximize: false,
    }
    expect(() => load({ ...options, nesterov: true })).toThrow("has an option 'nesterov', which is unknown")
    expect(() => load({ ...options, lr: 'high' })).toThrow(
      'lr of group 0 of the saved state is string, not number',
    )
    expect(() => load({ ...options, lr: -1 })).toThrow('lr must be a finite number')
    expect(() => load({})).toThrow('lr of group 0 of the saved state is undefined')
    load(options)
  })
})

it('costs no memory before the first step', () => {
  const layer = new nn.Linear(1000, 10)
  expect(optim.adam(layer.parameters()).stateDict().tensors.size).toBe(0)
})
