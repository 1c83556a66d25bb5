import { describe, expect, it } from 'vitest'
import { PickleStorage, PickleTensor, type PickleValue } from '../../src/weights/pickle-values.ts'
import { findState, stripPrefixes } from '../../src/weights/pytorch-state.ts'

const tensor = (): PickleTensor => new PickleTensor(new PickleStorage('0', 'F32', 1), 'F32', 0, [1], [1])
const dictionary = (entries: Record<string, PickleValue>): Map<PickleValue, PickleValue> =>
  new Map(Object.entries(entries))
const state = (): PickleValue => dictionary({ weight: tensor() })

describe('findState', () => {
  it.each<[string, PickleValue]>([
    ['', state()],
    ['state_dict', dictionary({ epoch: 1, state_dict: state(), optimizer: state() })],
    ['model', dictionary({ optimizer: state(), model: state() })],
    ['model_state_dict', dictionary({ model_state_dict: state(), ema: state() })],
    ['net', dictionary({ net: state(), acc: 93.5 })],
    ['ema', dictionary({ model: null, ema: state() })],
    ['state_dict.model', dictionary({ state_dict: dictionary({ model: state() }) })],
    ['1', [3, state()]],
    ['generator', dictionary({ generator: state(), epoch: 3 })],
    ['state_dict', dictionary({ mean: tensor(), state_dict: state() })],
  ])('finds %j', (path, root) => {
    const found = findState(root, 'f.pth')
    expect(found.path).toBe(path)
    expect([...found.tensors.keys()]).toEqual(['weight'])
  })

  it('asks which of several', () => {
    const root = dictionary({ generator: state(), critic: dictionary({ inner: state() }) })
    expect(() => findState(root, 'gan.pth')).toThrow(
      'gan.pth: several dictionaries of tensors: generator, critic.inner; choose one by the option key',
    )
    expect(findState(root, 'gan.pth', 'critic.inner').tensors.size).toBe(1)
  })

  it('lists what there is where there are no tensors', () => {
    expect(() => findState(dictionary({ epoch: 1, net: null }), 'f.pth')).toThrow(
      'f.pth: no dictionary of named tensors was found; the file holds epoch (number 1), net (None)',
    )
    expect(() => findState(tensor(), 'f.pth')).toThrow('the file holds a tensor of shape [1]')
  })

  it('ends on values that contain themselves or each other many times', () => {
    const loop = dictionary({ a: 1 })
    loop.set('model', loop)
    expect(() => findState(loop, 'f.pth')).toThrow('no dictionary')
    let layer: PickleValue = dictionary({ end: 1 })
    for (let i = 0; i < 60; i++) {
      layer = dictionary(Object.fromEntries(Array.from({ length: 50 }, (_, k) => [`k${k}`, layer])))
    }
    expect(() => findState(layer, 'f.pth')).toThrow('no dictionary')
  })
})

describe('stripPrefixes', () => {
  const strip = (...names: string[]) => [...stripPrefixes(new Map(names.map((n) => [n, n]))).keys()]

  it('drops what DataParallel and torch.compile add', () => {
    expect(strip('module.a', 'module.b.c')).toEqual(['a', 'b.c'])
    expect(strip('module.module.a')).toEqual(['a'])
    expect(strip('_orig_mod.a', '_orig_mod.b')).toEqual(['a', 'b'])
    expect(strip('module._orig_mod.a')).toEqual(['a'])
    expect(strip('body._orig_mod.a', 'head.b')).toEqual(['body.a', 'head.b'])
    expect(strip('n_averaged', 'module.a')).toEqual(['n_averaged', 'a'])
  })

  it('leaves other names alone', () => {
    expect(strip('module.a', 'head.b')).toEqual(['module.a', 'head.b'])
    expect(strip('a', '_orig_mod.a')).toEqual(['a', '_orig_mod.a'])
    expect(strip('n_averaged')).toEqual(['n_averaged'])
    expect(strip()).toEqual([])
  })
})
