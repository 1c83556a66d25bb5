import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { createModel } from '../../src/models/index.ts'
import { noGrad, type Tensor, tensor } from '../../src/tensor/index.ts'
import { loadStateDictFile, saveSafetensors } from '../../src/weights/file.ts'
import { readMessage } from '../../src/weights/protobuf.ts'
import { type Finished, ocelli, temporaryFolder } from '../support/command-line.ts'
import { distance, onnxRuntime, openSession } from '../support/onnx-runtime.ts'

const cwd = temporaryFolder()
const run = (...args: string[]): Promise<Finished> => ocelli(args, { cwd })
const file = (name: string): string => join(cwd, name)
const runtime = onnxRuntime()

/** The text that an .onnx file carries beside the network. */
function metadataOf(path: string): Record<string, string> {
  const entries = [...readMessage(readFileSync(path), path)]
    .filter(({ number }) => number === 14)
    .map((field) => [...field.message()].map((part) => part.text()))
  return Object.fromEntries(entries) as Record<string, string>
}

beforeAll(async () => {
  const network = await createModel('lenet5', { numClasses: 3 })
  const description = {
    model: 'lenet5',
    options: { numClasses: 3 },
    classes: ['crane', 'heron', 'stork'],
    preprocessing: null,
  }
  await saveSafetensors(file('birds.safetensors'), network.stateDict(), {
    ocelli: JSON.stringify(description),
  })
})

describe('ocelli export', () => {
  it('writes a network with what is known of it', async () => {
    const { code, stdout, stderr } = await run('export', 'lenet5', 'birds.onnx', '-w', 'birds.safetensors')
    expect(code, stderr).toBe(0)
    expect(stdout).toContain('opset 17')
    expect(stdout).toContain('input input: FLOAT [batch, 1, 32, 32]')
    expect(stdout).toContain('output output: FLOAT [batch, 3]')
    expect(stdout).not.toContain('fresh')
    const { model, classes, preprocessing, ocelli: own } = metadataOf(file('birds.onnx'))
    expect(model).toBe('lenet5')
    expect(JSON.parse(classes!)).toEqual(['crane', 'heron', 'stork'])
    expect(JSON.parse(preprocessing!)).toMatchObject({ inputSize: 32, channels: 1 })
    expect(JSON.parse(own!)).toMatchObject({ model: 'lenet5', options: { numClasses: 3 } })
    expect(JSON.parse(own!).preprocessing.name).toBe('Compose')
    if (runtime === undefined) return
    const network = (await createModel('lenet5', { numClasses: 3 })).eval()
    network.loadStateDict((await loadStateDictFile(file('birds.safetensors'))).tensors)
    const values = Float32Array.from({ length: 2 * 1024 }, (_, i) => Math.sin(i))
    const own2 = noGrad(() => network.forward(tensor(values, [2, 1, 32, 32])) as Tensor)
    const session = await openSession(runtime, file('birds.onnx'))
    const { output } = await session.run({ input: new runtime.Tensor('float32', values, [2, 1, 32, 32]) })
    await session.release()
    expect(distance(await own2.data(), output!.data)).toBeLessThan(1e-5)
  })

  it('takes the size, the batch, the operator set and labels that are asked for', async () => {
    const options = ['--batch', '2', '--input-size', '64x96', '--opset', '21', '--external-data', '--json']
    const { code, stdout, stderr } = await run('export', 'squeezenet1_1', 'sq.onnx', ...options)
    expect(code, stderr).toBe(0)
    const report = JSON.parse(stdout)
    expect(report).toMatchObject({ opset: 21, freshWeights: true })
    expect(report.inputs[0].shape).toEqual([2, 3, 64, 96])
    expect(report.files.map((entry: { file: string }) => entry.file)).toEqual(['sq.onnx', 'sq.onnx.data'])
    expect(JSON.parse(metadataOf(file('sq.onnx')).preprocessing!).inputSize).toEqual([64, 96])
  })

  it('says what is wrong', async () => {
    for (const [args, message] of [
      [['lenet5'], 'takes a network and the file'],
      [['lenet5', 'a.pth'], 'end in .onnx'],
      [['lenet', 'a.onnx'], 'did you mean'],
      [['lenet5', 'a.onnx', '--opset', '9'], '13 to 21'],
      [['lenet5', 'a.onnx', '--batch', 'many'], 'dynamic'],
      [['lenet5', 'a.onnx', '--input-size', '1x2x3'], 'HEIGHTxWIDTH'],
      [['lenet5', 'a.onnx', '--input-size', '8'], 'lenet5'],
      [['lenet5', 'no/where.onnx'], 'no/where.onnx'],
    ] as const) {
      const { code, stderr } = await run('export', ...args)
      expect(code, args.join(' ')).not.toBe(0)
      expect(stderr, args.join(' ')).toContain(message)
      expect(stderr).not.toContain('    at ')
    }
  })
})
