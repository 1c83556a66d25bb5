import { describe, expect, it } from 'vitest'
import { CheckpointError } from '../../src/weights/errors.ts'
import { openCheckpoint } from '../../src/weights/load.ts'
import { operatorCases } from '../support/tflite-cases.ts'
import { type FileNetwork, tfliteFile } from '../support/tflite-file.ts'

/** Reads a file to the end, weights and structure; whatever is wrong must come as a CheckpointError that names it. */
async function load(bytes: Uint8Array): Promise<'read' | 'refused'> {
  const started = performance.now()
  try {
    const file = await openCheckpoint(bytes, { name: 'bad.tflite' })
    for (const tensor of file.tensors.values()) await tensor.read()
    await file.network!()
    return 'read'
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error
    expect(error.message).toMatch(/^bad\.tflite/)
    expect(error.message.length).toBeLessThan(1000)
    return 'refused'
  } finally {
    expect(performance.now() - started).toBeLessThan(1000)
  }
}

async function refusal(bytes: Uint8Array): Promise<string> {
  const error = await openCheckpoint(bytes, { name: 'bad.tflite' })
    .then((file) => file.network!())
    .catch((e: unknown) => e)
  expect(error).toBeInstanceOf(CheckpointError)
  return (error as Error).message
}

const sound = operatorCases['CONV_2D SAME, stride 2 of an even size, RELU6']!
const file = tfliteFile(sound)
const large = tfliteFile(operatorCases['squeeze and excitation: MEAN, CONV_2D, LOGISTIC, MUL']!)

const changed = (change: Partial<FileNetwork>): Uint8Array => tfliteFile({ ...sound, ...change })

/** Numbers in [0, 2 ** 32), the same in every run. */
function* random(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    yield (state ^ (state >>> 15)) >>> 0
  }
}

describe('a damaged TensorFlow Lite file', () => {
  it('is read while it is sound', async () => {
    expect(await load(file)).toBe('read')
    expect(await load(large)).toBe('read')
  })

  it('is refused when it is cut off', async () => {
    for (const whole of [file, large]) {
      for (let part = 0; part < 50; part++) {
        const cut = whole.slice(0, Math.max(8, Math.floor((whole.length * part) / 50)))
        expect(await load(cut), `of ${whole.length} bytes ${cut.length}`).toBe('refused')
      }
    }
  })

  it('never does worse than to be refused, whatever bytes change', async () => {
    const numbers = random(1)
    const next = (below: number): number => numbers.next().value! % below
    let refused = 0
    for (let round = 0; round < 600; round++) {
      const bytes = (round % 2 === 0 ? file : large).slice()
      const view = new DataView(bytes.buffer)
      for (let change = 0; change <= next(4); change++) {
        const wild = [0, 1, 0x7f, 0xff, 0x7fffffff, 0xffffffff, 0x80000000, next(2 ** 32)][next(8)]!
        if (next(2) === 0) bytes[8 + next(bytes.length - 8)] = wild & 0xff
        else view.setUint32(8 + next(bytes.length - 12), wild, true)
      }
      if ((await load(bytes)) === 'refused') refused++
    }
    expect(refused).toBeGreaterThan(200)
  })

  it.each([
    [
      'a tensor of 2 ** 60 elements',
      { tensors: [{ shape: [2 ** 30, 2 ** 30, 2 ** 30] }, ...sound.tensors.slice(1)] },
    ],
    ['a negative size', { tensors: [{ shape: [1, -8, 6, 3] }, ...sound.tensors.slice(1)] }],
    ['many axes', { tensors: [{ shape: new Array(5000).fill(1) }, ...sound.tensors.slice(1)] }],
    [
      'weights that are not all there',
      { tensors: sound.tensors.with(1, { shape: [4, 300, 300, 300], data: [1, 2] }) },
    ],
    ['an input that nothing makes', { inputs: [] }],
    [
      'an operator that takes a tensor beyond the last',
      { operators: [{ ...sound.operators[0]!, inputs: [0, 1, 99] }] },
    ],
    ['an operator without inputs', { operators: [{ ...sound.operators[0]!, inputs: [] }] }],
    ['an operator without outputs', { operators: [{ ...sound.operators[0]!, outputs: [] }] }],
    ['an output that is a constant', { operators: [{ ...sound.operators[0]!, outputs: [1] }] }],
    ['an output made twice', { operators: [sound.operators[0]!, sound.operators[0]!] }],
    ['an output that nothing makes', { operators: [] }],
    ['an operator that takes what it makes', { operators: [{ ...sound.operators[0]!, inputs: [3, 1, 2] }] }],
    ['a stride of 0', { operators: [{ ...sound.operators[0]!, options: [1, {}] as const }] }],
    ['another version', { version: 7 }],
  ] as [string, Partial<FileNetwork>][])('is refused for %s', async (_, change) => {
    expect(await load(changed(change))).toBe('refused')
  })

  it('says where an offset leads out of it', async () => {
    const bytes = file.slice()
    new DataView(bytes.buffer).setUint32(0, 0xfffffff0, true)
    expect(await refusal(bytes)).toMatch(
      /^bad\.tflite: byte 4294967280: the model would take 4 bytes, but the file ends at byte \d+; download/,
    )
  })

  it('does not grow by naming the same vector many times', async () => {
    const bytes = tfliteFile({
      ...sound,
      operators: Array.from({ length: 3000 }, () => ({ code: 106, inputs: [], outputs: [3] })),
      sharedInputs: Array.from({ length: 20_000 }, () => 0),
    })
    expect(bytes.length).toBeLessThan(500_000)
    expect(await load(bytes)).toBe('refused')
    expect(await refusal(bytes)).toContain('the same bytes are used over and over')
  })

  it('does not grow by tensors that share a buffer', async () => {
    const shape = [300, 300]
    const layers = Array.from({ length: 40 }, (_, i) => i)
    const bytes = tfliteFile({
      tensors: [
        { shape: [1, 300] },
        { shape, data: new Uint8Array(4 * 300 * 300) },
        ...layers.map(() => ({ shape, dataOf: 1 })),
        ...layers.map(() => ({ shape: [1, 300] })),
      ],
      operators: layers.map((i) => ({
        code: 9,
        inputs: [0, 2 + i, -1],
        outputs: [42 + i],
        options: [8, {}],
      })),
      inputs: [0],
      outputs: [42],
    })
    expect(await load(bytes)).toBe('refused')
    expect(await refusal(bytes)).toContain('share the same bytes')
  })
})
