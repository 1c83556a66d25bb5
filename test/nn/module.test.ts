import { inspect } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import type { TypedArray } from '../../src/graph/dtype.ts'
import type { HostStorage } from '../../src/graph/storage.ts'
import { createModel, print } from '../../src/index.ts'
import * as nn from '../../src/nn/index.ts'
import { arange, grad, manualSeed, ones, type Tensor, tensor, zeros } from '../../src/tensor/index.ts'
import { type WeightTensor, weightTensorOf } from '../../src/weights/index.ts'

class Branches extends nn.Module {
  stem = new nn.Conv2d(1, 2, 1)
  norm = new nn.BatchNorm2d(2)
  list = new nn.ModuleList([new nn.Linear(2, 3), new nn.Linear(2, 3, { bias: false })])
  named = new nn.ModuleDict({ left: new nn.ReLU(), right: new nn.Tanh() })
  scale = nn.parameter(ones([3]))
  offset = nn.buffer(zeros([3]))
  scratch = nn.buffer(zeros([1]), { persistent: false })

  override forward(images: Tensor): Tensor {
    const pooled = this.norm.forward(this.stem.forward(images)).mean([2, 3])
    const [left, right] = [...this.list].map((layer) => layer.forward(pooled) as Tensor)
    return this.named.get('left').forward(left).add(this.named.get('right').forward(right)).mul(this.scale)
  }
}

const images = arange(0, 32).reshape(2, 1, 4, 4).float().div(32)
const names = (found: readonly (readonly [string, unknown])[]): string[] => found.map(([name]) => name)

describe('Module', () => {
  it('finds what its properties hold, in their order', () => {
    const net = new Branches()
    expect(names(net.namedChildren())).toEqual(['stem', 'norm', 'list', 'named'])
    expect(names(net.namedModules())).toEqual([
      ...['', 'stem', 'norm', 'list', 'list.0', 'list.1', 'named', 'named.left', 'named.right'],
    ])
    expect(names(net.namedParameters())).toEqual([
      ...['scale', 'stem.weight', 'stem.bias', 'norm.weight', 'norm.bias'],
      ...['list.0.weight', 'list.0.bias', 'list.1.weight'],
    ])
    expect(names(net.namedBuffers())).toEqual([
      ...['offset', 'scratch', 'norm.running_mean', 'norm.running_var', 'norm.num_batches_tracked'],
    ])
    expect([...net.stateDict().keys()]).toEqual([
      ...['scale', 'offset', 'stem.weight', 'stem.bias', 'norm.weight', 'norm.bias'],
      ...['norm.running_mean', 'norm.running_var', 'norm.num_batches_tracked'],
      ...['list.0.weight', 'list.0.bias', 'list.1.weight'],
    ])
  })

  it('lists what it has twice once, but saves it under both names', () => {
    class Shared extends nn.Module {
      first = new nn.Linear(2, 2)
      second = this.first
    }
    const net = new Shared()
    expect(net.children()).toHaveLength(1)
    expect(names(net.namedParameters())).toEqual(['first.weight', 'first.bias'])
    expect([...net.stateDict().keys()]).toEqual([
      'first.weight',
      'first.bias',
      'second.weight',
      'second.bias',
    ])
  })

  it('refuses modules in plain arrays, which nobody would find', () => {
    class Lost extends nn.Module {
      layers = [new nn.ReLU()]
    }
    expect(() => new Lost().parameters()).toThrow('Lost.layers is an array of modules or parameters')
  })

  it('gives modules by their path', () => {
    const net = new Branches()
    expect(net.getSubmodule('')).toBe(net)
    expect(net.getSubmodule('list.1')).toBe(net.list.get(1))
    expect(() => net.getSubmodule('list.2')).toThrow(
      "getSubmodule: ModuleList (list) has no module '2' on the way to 'list.2'; it has 0, 1",
    )
    expect(() => net.getSubmodule('stem.weight')).toThrow('it has none')
  })

  it('switches all modules between training and evaluation', () => {
    const net = new Branches().eval()
    expect(net.modules().every(({ training }) => !training)).toBe(true)
    net.train()
    net.norm.eval()
    expect([net.training, net.norm.training, net.list.training]).toEqual([true, false, true])
  })

  it('freezes and unfreezes parameters', async () => {
    const net = new Branches()
    net.freeze()
    expect(net.parameters().some(({ requiresGrad }) => requiresGrad)).toBe(false)
    expect(net.forward(images).requiresGrad).toBe(false)
    net.list.unfreeze()
    net.forward(images).sum().backward()
    expect(net.namedParameters().flatMap(([name, { grad }]) => (grad ? [name] : []))).toEqual([
      ...['list.0.weight', 'list.0.bias', 'list.1.weight'],
    ])
    net.zeroGrad()
    expect(net.parameters().every(({ grad }) => grad === null)).toBe(true)
    net.unfreeze()
    expect(grad([net.forward(images).sum()], [net.stem.weight])).toHaveLength(1)
  })

  it('applies a function to every module, children first', () => {
    const seen: string[] = []
    new nn.Sequential(new nn.ReLU(), new nn.Sequential(new nn.Tanh())).apply((module) => {
      seen.push(module.constructor.name)
    })
    expect(seen).toEqual(['ReLU', 'Tanh', 'Sequential', 'Sequential'])
  })

  it('without a forward of its own says so', () => {
    class Idle extends nn.Module {}
    expect(() => new Idle().forward(images)).toThrow('Idle does not override forward()')
  })

  it('says in which module an error arose', () => {
    const net = new nn.Sequential({ body: new nn.Sequential(new nn.ReLU(), new nn.Linear(3, 2)) })
    expect(() => net.forward(ones([1, 4]))).toThrow(
      'linear: an input [1, 4] needs a weight [out, 4], got [2, 3]\n  in body.1 (Linear) of Sequential',
    )
  })
})

describe('hooks', () => {
  it('see a module run, may replace its output, and go', async () => {
    const layer = new nn.ReLU()
    const calls: unknown[] = []
    const x = tensor([-1, 2])
    const removeFirst = layer.registerForwardHook((module, inputs, output) => {
      calls.push([module === layer, inputs[0] === x, String(output)])
    })
    const removeSecond = layer.registerForwardHook((_, __, output) => (output as Tensor).mul(10))
    expect(await (layer.forward(x) as Tensor).toArray()).toEqual([0, 20])
    expect(calls).toEqual([[true, true, 'Tensor(float32 [2])']])
    removeSecond()
    removeSecond()
    expect(await layer.forward(x).toArray()).toEqual([0, 2])
    removeFirst()
    layer.forward(x)
    expect(calls).toHaveLength(2)
  })

  it('capture outputs by name or predicate, in the order in which modules ran', async () => {
    const net = new Branches()
    const { result, outputs } = net.captureOutputs(['list.1', 'stem'], () => net.forward(images))
    expect([...outputs.keys()]).toEqual(['stem', 'list.1'])
    expect(outputs.get('stem')!.shape).toEqual([2, 2, 4, 4])
    expect(result.shape).toEqual([2, 3])
    const all = net.captureOutputs(
      (_, module) => module instanceof nn.Linear,
      () => net.forward(images),
    )
    expect([...all.outputs.keys()]).toEqual(['list.0', 'list.1'])
    expect(() => net.captureOutputs(['list'], () => net.forward(images))).toThrow("'list' did not run")
    expect(() => net.captureOutputs(['lost'], () => net.forward(images))).toThrow("no module 'lost'")
    expect(() =>
      net.captureOutputs(['stem'], () => {
        throw new Error('stop')
      }),
    ).toThrow('stop')
  })
})

describe('loadStateDict', () => {
  const source = (): nn.Linear => {
    manualSeed(1)
    return new nn.Linear(2, 3)
  }

  it('copies values of the same names', async () => {
    const [from, to] = [source(), new nn.Linear(2, 3)]
    const weight = to.weight
    expect(to.loadStateDict(from.stateDict())).toEqual({ missing: [], unexpected: [], mismatched: [] })
    expect(to.weight).toBe(weight)
    expect(await to.weight.toArray()).toEqual(await from.weight.toArray())
    from.weight.load(new Float32Array(6))
    expect(await to.weight.abs().sum().item()).toBeGreaterThan(0)
  })

  it('takes arrays over where asked to, but none that share their memory', async () => {
    const shared = Float32Array.from([1, 2, 3])
    const weight = Float32Array.from({ length: 6 }, (_, i) => i)
    const state = (): Map<string, WeightTensor> =>
      new Map([
        ['0.weight', weightTensorOf([3, 2], 'float32', weight)],
        ['0.bias', weightTensorOf([3], 'float32', shared)],
        ['1.weight', weightTensorOf([1, 3], 'float32', shared)],
        ['1.bias', weightTensorOf([1], 'float32', shared.subarray(0, 1))],
      ])
    const network = new nn.Sequential(new nn.Linear(2, 3), new nn.Linear(3, 1))
    const held = (): TypedArray[] =>
      [...network.stateDict().values()].map(({ node }) => (node.storage as HostStorage).data)
    const isTaken = (): boolean[] =>
      held().map(({ buffer }) => buffer === weight.buffer || buffer === shared.buffer)
    network.loadStateDict(state(), { assign: true })
    expect(held()).toEqual([weight, shared, shared, shared.subarray(0, 1)])
    expect(isTaken()).toEqual([true, true, false, false])
    network.loadStateDict(state())
    expect(isTaken()).toEqual([false, false, false, false])
  })

  it('when strict lists what does not fit, and loads nothing', async () => {
    const to = new nn.Linear(2, 3)
    const before = await to.bias!.toArray()
    const state = new Map([
      ['weight', ones([3, 4])],
      ['bias', ones([3])],
      ['scale', ones([1])],
    ])
    expect(() => to.loadStateDict(state)).toThrow(
      /do not fit Linear: 1 of another shape, 0 missing, 1 unexpected.*\n.*name.*\n +weight +\[3, 2\] +\[3, 4\]\n +scale +not in the module +given/,
    )
    expect(() => to.loadStateDict(new Map([['weight', ones([3, 2])]]))).toThrow(
      /1 missing.*\n.*\n +bias +wanted +missing/,
    )
    expect(await to.bias!.toArray()).toEqual(before)
  })

  it('when not strict loads what fits and reports the rest', async () => {
    const to = new nn.Linear(2, 3)
    const state = new Map([
      ['weight', ones([3, 4])],
      ['bias', ones([3])],
      ['scale', ones([1])],
    ])
    expect(to.loadStateDict(state, { strict: false })).toEqual({
      missing: [],
      unexpected: ['scale'],
      mismatched: [{ name: 'weight', wanted: [3, 2], got: [3, 4] }],
    })
    expect(await to.bias!.toArray()).toEqual([1, 1, 1])
    expect(to.loadStateDict(new Map(), { strict: false }).missing).toEqual(['weight', 'bias'])
  })

  it('does without the count of batches, which old files lack', () => {
    const norm = new nn.BatchNorm2d(2)
    const state = norm.stateDict()
    state.delete('num_batches_tracked')
    expect(norm.loadStateDict(state).missing).toEqual([])
  })
})

describe('containers', () => {
  it('ModuleList counts, iterates, gets from either end, appends and replaces', () => {
    const [a, b, c] = [new nn.ReLU(), new nn.Tanh(), new nn.Sigmoid()]
    const list = new nn.ModuleList([a, b])
    expect([list.length, list.get(0), list.get(-1)]).toEqual([2, a, b])
    list.append(c).set(0, c)
    expect([...list]).toEqual([c, b, c])
    expect(list.keys()).toEqual(['0', '1', '2'])
    expect(() => list.get(3)).toThrow('ModuleList: no position 3; it holds 3 modules: 0, 1, 2')
    expect(() => list.append(5 as never)).toThrow("ModuleList: '3' is not a Module but 5")
    expect(() => list.forward(images)).toThrow('ModuleList does not override forward()')
  })

  it('ModuleDict keeps the order of addition', () => {
    const [a, b] = [new nn.ReLU(), new nn.Tanh()]
    const dict = new nn.ModuleDict([
      ['one', a],
      ['two', b],
    ])
    expect([dict.has('one'), dict.has('three'), dict.get('two')]).toEqual([true, false, b])
    dict.set('three', a).set('one', b)
    expect(dict.keys()).toEqual(['one', 'two', 'three'])
    expect(dict.get('one')).toBe(b)
    dict.delete('two')
    expect(names(dict.namedChildren())).toEqual(['one', 'three'])
    expect(() => dict.delete('two')).toThrow("ModuleDict: no module 'two'; it holds 2 modules: one, three")
    expect(() => dict.set('a.b', a)).toThrow('must not be empty or contain dots')
  })

  it('Sequential runs its modules in order, or a part of them', async () => {
    const net = new nn.Sequential(new nn.ReLU(), new nn.Softmax(0), new nn.Identity())
    const x = tensor([-1, 0])
    expect(await net.forward(x).toArray()).toEqual([0.5, 0.5])
    expect(await net.forwardRange(x, 0, 1).toArray()).toEqual([0, 0])
    expect(net.slice(1).keys()).toEqual(['1', '2'])
    expect(net.slice(-1).get(0)).toBe(net.get('2'))
    expect(new nn.Sequential(['a', new nn.ReLU()], ['b', new nn.ReLU()]).keys()).toEqual(['a', 'b'])
    expect(() => new nn.Sequential(['a', new nn.ReLU()], ['a', new nn.ReLU()])).toThrow(
      "two modules named 'a'",
    )
  })
})

describe('printing', () => {
  const net = new nn.Sequential({
    conv: new nn.Conv2d(3, 8, 3, { stride: 2, padding: 1, bias: false }),
    norm: new nn.BatchNorm2d(8, { eps: 1e-3 }),
    rest: new nn.Sequential(
      new nn.PReLU(8),
      new nn.MaxPool2d(2),
      new nn.Dropout2d(0.2),
      new nn.Upsample({ scaleFactor: 2, mode: 'bilinear' }),
    ),
    empty: new nn.Sequential(),
    heads: new nn.ModuleList([new nn.Linear(8, 2), new nn.LayerNorm([8])]),
  })
  const tree = `Sequential(
  (conv): Conv2d(3, 8, kernelSize=[3, 3], stride=[2, 2], padding=1, bias=false)
  (norm): BatchNorm2d(8, eps=0.001, momentum=0.1)
  (rest): Sequential(
    (0): PReLU(numParameters=8)
    (1): MaxPool2d(2)
    (2): Dropout2d(p=0.2)
    (3): Upsample(scaleFactor=2, mode='bilinear')
  )
  (empty): Sequential()
  (heads): ModuleList(
    (0): Linear(8, 2)
    (1): LayerNorm([8], eps=0.00001, elementwiseAffine=true)
  )
)`

  it('shows the whole tree', () => {
    expect(String(net)).toBe(tree)
    expect(inspect(net)).toBe(tree)
    expect(inspect([tensor([1, 2]), new nn.ReLU()])).toBe('[ Tensor(float32 [2]), ReLU() ]')
  })

  it('print writes it to the console', () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    try {
      print(net)
      expect(log.mock.calls).toEqual([[tree]])
    } finally {
      log.mockRestore()
    }
  })

  it('shows networks of the registry', async () => {
    expect(
      String(await createModel('lenet5_dual_c2'))
        .split('\n')
        .slice(0, 8),
    ).toEqual([
      'LeNet5DualC2(',
      '  (c1): Named(',
      '    (c1): Sequential(',
      '      (c1): Conv2d(1, 6, kernelSize=[5, 5], stride=[1, 1])',
      '      (relu): ReLU()',
      '      (pool): MaxPool2d(2)',
      '    )',
      '  )',
    ])
  })
})
