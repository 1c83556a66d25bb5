import { describe, expect, it } from 'vitest'
import { CheckpointError } from '../../src/weights/errors.ts'
import { parseExact, stringifyExact } from '../../src/weights/exact-json.ts'
import { loadStateDict } from '../../src/weights/load.ts'
import { bytesAccess } from '../../src/weights/random-access.ts'
import { parseSafetensors } from '../../src/weights/safetensors.ts'
import { encodeSafetensors } from '../../src/weights/safetensors-write.ts'
import { weightTensor } from '../../src/weights/state-dict.ts'
import {
  readTrainingCheckpoint,
  type TrainingCheckpoint,
  trainingCheckpointChunks,
} from '../../src/weights/training-checkpoint.ts'

const floats = (...values: number[]) => weightTensor([values.length], 'F32', Float32Array.from(values))

const checkpoint: TrainingCheckpoint = {
  model: new Map([
    ['conv.weight', floats(1, -0, Number.NaN)],
    ['bn.num_batches_tracked', weightTensor([], 'I32', Int32Array.of(7))],
  ]),
  optimizer: {
    tensors: new Map([['conv.weight.momentum', floats(0.25, 3e-40, 1e38)]]),
    state: { lr: 0.1, betas: [0.9, 0.999] },
  },
  scheduler: { best: Number.POSITIVE_INFINITY, bad: 0, worst: Number.NEGATIVE_INFINITY },
  epoch: 3,
  step: 1234,
  seed: 42,
  random: { key: 2n ** 64n - 1n, counter: [1, -0] },
  extra: { model: 'resnet20', classes: ['cat', 'dög'], nothing: null, last: Number.NaN },
}

function bytesOf(value: TrainingCheckpoint): Uint8Array {
  const { size, chunks } = trainingCheckpointChunks(value)
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  expect(at).toBe(size)
  return bytes
}

describe('a training checkpoint', () => {
  it('comes back bit for bit', async () => {
    const read = await readTrainingCheckpoint(bytesAccess(bytesOf(checkpoint)))
    const { model, optimizer, ...rest } = read
    const { model: model0, optimizer: optimizer0, ...rest0 } = checkpoint
    expect(rest).toEqual(rest0)
    expect(optimizer.state).toEqual(optimizer0.state)
    for (const [before, after] of [
      [model0, model],
      [optimizer0.tensors, optimizer.tensors],
    ] as const) {
      expect([...after.keys()]).toEqual([...before.keys()])
      for (const [name, tensor] of after) {
        expect(tensor.shape).toEqual(before.get(name)!.shape)
        expect(tensor.bytes()).toEqual(before.get(name)!.bytes())
      }
    }
  })

  it('is safetensors to any other reader', () => {
    const { tensors, metadata } = parseSafetensors(bytesOf(checkpoint))
    expect([...tensors.keys()]).toEqual([
      'model.conv.weight',
      'model.bn.num_batches_tracked',
      'optimizer.conv.weight.momentum',
    ])
    expect(metadata.ocelli_training_checkpoint).toBe('1')
  })

  it('gives its model to loadStateDict', async () => {
    const { tensors, format, values } = await loadStateDict(bytesOf(checkpoint))
    expect(format).toBe('ocelli-training')
    expect([...tensors.keys()]).toEqual(['conv.weight', 'bn.num_batches_tracked'])
    expect(values).toMatchObject({ epoch: 3, extra: { model: 'resnet20' } })
  })

  it('cannot hold what JSON cannot, and says where it is', () => {
    const bad = { ...checkpoint, extra: { model: { when: new Date() } } } as unknown as TrainingCheckpoint
    expect(() => trainingCheckpointChunks(bad)).toThrow('extra.model.when is of type Date')
    expect(() => trainingCheckpointChunks({ ...checkpoint, epoch: 1.5 })).toThrow(
      'epoch of a training checkpoint is 1.5',
    )
  })
})

describe('what is no whole training checkpoint', () => {
  const state = '{"epoch":1,"step":1,"seed":1,"optimizer":0,"scheduler":0,"random":0,"extra":0}'
  const file = (metadata: Record<string, string>, name = 'model.a') =>
    bytesAccess(encodeSafetensors(new Map([[name, floats(1)]]), metadata), 'c.safetensors')
  const valid = { ocelli_training_checkpoint: '1', ocelli_state: state }

  it('differs from one that is', async () => {
    expect((await readTrainingCheckpoint(file(valid))).epoch).toBe(1)
  })

  it.each<[string, ReturnType<typeof file>, RegExp]>([
    ['plain weights', file({}), /has weights but no training state/],
    [
      'a newer version',
      file({ ...valid, ocelli_training_checkpoint: '2' }),
      /format version 2.*update Ocelli/,
    ],
    ['a foreign tensor', file(valid, 'other.a'), /"other.a" belongs neither/],
    ['no state', file({ ocelli_training_checkpoint: '1' }), /has no ocelli_state/],
    ['no JSON', file({ ...valid, ocelli_state: '{' }), /not valid/],
    ['no object', file({ ...valid, ocelli_state: '[]' }), /not an object/],
    ['a duplicate key', file({ ...valid, ocelli_state: '{"epoch":1,"epoch":2}' }), /"epoch" appears twice/],
    ['a missing field', file({ ...valid, ocelli_state: state.replace('"step":1,', '') }), /has no step/],
    ['an inherited field', file({ ...valid, ocelli_state: '{"__proto__":{"epoch":1}}' }), /has no optimizer/],
    [
      'a wrong type',
      file({ ...valid, ocelli_state: state.replace('"step":1', '"step":"1"') }),
      /step is 1, no integer/,
    ],
  ])('is refused: %s', async (_, source, message) => {
    await expect(readTrainingCheckpoint(source)).rejects.toThrow(message)
    await expect(readTrainingCheckpoint(source)).rejects.toThrow(CheckpointError)
    await expect(readTrainingCheckpoint(source)).rejects.toThrow(/^c\.safetensors: /)
  })
})

describe('exact JSON', () => {
  it('keeps every number, and keys that objects treat specially', () => {
    const value = JSON.parse(
      '{"__proto__": {"a": 1}, "constructor": 2, "b": [0.1, 1e-320, 9007199254740993]}',
    )
    expect(JSON.stringify(parseExact(stringifyExact(value)))).toBe(JSON.stringify(value))
    for (const n of [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      -0,
      5e-324,
      -(2n ** 90n),
    ]) {
      expect(parseExact(stringifyExact([n]))).toEqual([n])
    }
  })

  it('leaves out undefined and refuses the rest by path', () => {
    const stringify = stringifyExact as (value: unknown) => string
    expect(stringify({ a: undefined, b: 1 })).toBe('{"b":1}')
    expect(() => stringify({ a: [1, new Float32Array(1)] })).toThrow('a[1] is of type Float32Array')
    expect(() => stringify(() => 1)).toThrow('the value is of type function')
    expect(() => stringify({ a: { $number: 1 } })).toThrow('a has the reserved key $number')
    const loop: Record<string, unknown> = {}
    loop.self = loop
    expect(() => stringify(loop)).toThrow('contains itself')
    expect(() => parseExact('{"$number": "1e5"}')).toThrow(SyntaxError)
  })
})
