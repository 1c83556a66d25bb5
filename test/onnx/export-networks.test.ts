import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createModel, modelMetadata } from '../../src/models/index.ts'
import { BatchNorm2d, Conv2d, Dropout, Linear, Module, Sequential } from '../../src/nn/index.ts'
import { createGraphNetwork, type ExportOptions, exportOnnx, FixedBatchError } from '../../src/onnx/index.ts'
import { onnxChunks } from '../../src/onnx/write.ts'
import { Generator, getDefaultGenerator, noGrad, randn, type Tensor, tensor } from '../../src/tensor/index.ts'
import { saveOnnx } from '../../src/weights/file.ts'
import { readMessage } from '../../src/weights/protobuf.ts'
import { smallInput } from '../models/small-input.ts'
import { distance, joined, onnxRuntime, openSession, runModel } from '../support/onnx-runtime.ts'

const runtime = onnxRuntime()
const folder = mkdtempSync(join(tmpdir(), 'ocelli-onnx-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Running statistics other than those of a fresh network, which would hide mistakes. */
function shake(network: Module): Module {
  const generator = new Generator(3)
  for (const [name, buffer] of network.namedBuffers()) {
    const values = new Float32Array(buffer.size)
    if (name.endsWith('running_mean')) generator.fillUniform(values, -0.1, 0.1)
    else if (name.endsWith('running_var')) generator.fillUniform(values, 0.8, 1.25)
    else continue
    buffer.load(values)
  }
  return network
}

function images(shape: readonly number[]): { shape: readonly number[]; values: Float32Array } {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1))
  new Generator(11).fillNormal(values)
  return { shape, values }
}

const outputsOf = (network: Module, x: Tensor): readonly Tensor[] =>
  noGrad(() => {
    const all = (network as { readonly forwardAll?: (x: Tensor) => readonly Tensor[] }).forwardAll
    return all === undefined ? [network.forward(x) as Tensor] : all.call(network, x)
  })

/** The largest difference from ONNX Runtime over all outputs, for one batch size. */
async function difference(
  network: Module,
  options: ExportOptions,
  batch: number,
): Promise<{ readonly apart: number; readonly ops: readonly string[] }> {
  const model = await exportOnnx(network, options)
  const input = images([batch, ...(options.inputShape as number[]).slice(1)])
  const theirs = await runModel(runtime!, model, [input])
  const own = outputsOf(network, tensor(input.values, input.shape))
  let apart = 0
  for (const [i, output] of own.entries()) {
    apart = Math.max(apart, distance(await output.data(), theirs[model.graph.outputs[i]!.name]!.data))
  }
  return { apart, ops: model.graph.nodes.map(({ op }) => op) }
}

/** One of each kind of structure, all of them small. */
const sample = [
  'lenet5',
  'lenet5_1998',
  'resnet20_cifar10',
  'densenet40_k12_bc_cifar10',
  'squeezenet1_1',
  'shufflenet_g3_wd4',
  'mobilenetv3_small_050',
  'mnasnet0_5',
  'espnetv2_seg_wd2',
  'dicenet_seg_wd5',
  'revnet38_cifar10',
  'mckernel_mnist_e1',
  'yolov3-tiny',
  'pcb_se_resnet18',
].filter((name) => hasModelNamed(name))

function hasModelNamed(name: string): boolean {
  try {
    return modelMetadata(name) !== undefined
  } catch {
    return false
  }
}

describe.skipIf(runtime === undefined)('networks exported for ONNX Runtime', () => {
  it('are of a dozen kinds', () => expect(sample.length).toBeGreaterThanOrEqual(12))

  for (const name of sample) {
    it(`${name} gives the same outputs in every operator set, for any number of images`, async () => {
      const network = shake(await createModel(name)).eval()
      const inputShape = [1, ...smallInput(modelMetadata(name))]
      for (const opset of [13, 17, 18, 21]) {
        for (const batchNorm of ['fused', 'plain'] as const) {
          const batch = batchNorm === 'fused' ? 3 : 1
          const { apart } = await difference(network, { inputShape, opset, batchNorm }, batch)
          expect(apart, `opset ${opset}, ${batchNorm}`).toBeLessThan(1e-5)
        }
      }
    })
  }

  for (const name of ['resnet20_cifar10', 'shufflenet_g3_wd4']) {
    it(`${name} gives the same outputs and running statistics in training`, async () => {
      const network = shake(await createModel(name)).train()
      const shape = [4, ...smallInput(modelMetadata(name))]
      for (const opset of [13, 14, 21]) {
        const model = await exportOnnx(network, {
          inputShape: shape,
          opset,
          training: true,
          ...plainForward(network),
        })
        const input = images(shape)
        const theirs = await runModel(runtime!, model, [input])
        const before = new Map<string, Float32Array>()
        for (const [key, buffer] of network.namedBuffers())
          before.set(key, (await buffer.data()) as Float32Array)
        const y = noGrad(() => network.forward(tensor(input.values, input.shape)) as Tensor)
        expect(distance(await y.data(), theirs.output!.data), `opset ${opset}`).toBeLessThan(1e-5)
        for (const [key, buffer] of network.namedBuffers()) {
          const updated = theirs[`${key}.updated`]
          expect(updated, key).toBeDefined()
          expect(distance(await buffer.data(), updated!.data), key).toBeLessThan(1e-5)
          buffer.load(before.get(key)!)
        }
      }
    })
  }

  it('drop in training as often as they should, and scale the rest', async () => {
    const input = images([40, 500])
    for (const opset of [13, 21]) {
      const model = await exportOnnx(new Dropout(0.3), { inputShape: [1, 500], training: true, opset })
      const { output } = await runModel(runtime!, model, [input])
      const values = Array.from(output!.data, Number)
      const kept = values.flatMap((value, i) => (value === 0 ? [] : [value / input.values[i]!]))
      expect(kept.length / values.length).toBeGreaterThan(0.68)
      expect(kept.length / values.length).toBeLessThan(0.72)
      for (const factor of kept) expect(factor).toBeCloseTo(1 / 0.7, 5)
    }
  })

  it('have their weights in a file of their own where that is asked for', async () => {
    const network = shake(await createModel('resnet20_cifar10')).eval()
    const model = await exportOnnx(network, { inputShape: [1, 3, 32, 32] })
    const path = join(folder, 'external.onnx')
    expect(await saveOnnx(path, model, { threshold: 4096 })).toEqual([path, `${path}.data`])
    expect(
      readdirSync(folder)
        .filter((name) => name.startsWith('external'))
        .sort(),
    ).toEqual(['external.onnx', 'external.onnx.data'])
    const [small, large] = [readFileSync(path).length, readFileSync(`${path}.data`).length]
    expect(small).toBeLessThan(200_000)
    expect(large).toBeGreaterThan(1_000_000)
    const session = await openSession(runtime!, path)
    const input = images([2, 3, 32, 32])
    const { output } = await session.run({ input: new runtime!.Tensor('float32', input.values, input.shape) })
    await session.release()
    const [own] = outputsOf(network, tensor(input.values, input.shape))
    expect(distance(await own!.data(), output!.data)).toBeLessThan(1e-5)
  })

  it('with a fixed batch run for that batch alone', async () => {
    const network = (await createModel('lenet5')).eval()
    const options = { inputShape: [2, 1, 32, 32], dynamicBatch: false }
    const model = await exportOnnx(network, options)
    expect(model.graph.inputs[0]!.shape).toEqual([2, 1, 32, 32])
    expect((await difference(network, options, 2)).apart).toBeLessThan(1e-5)
    await expect(runModel(runtime!, model, [images([3, 1, 32, 32])])).rejects.toThrow(/dimension/)
  })
})

/** Auxiliary outputs aside. */
function plainForward(network: Module): Pick<ExportOptions, 'forward'> {
  return { forward: (x) => network.forward(x) as Tensor }
}

describe('exportOnnx', () => {
  it('keeps the names and the memory of weights, and says who wrote what', async () => {
    const network = shake(await createModel('resnet20_cifar10')).eval()
    const metadata = { model: 'resnet20_cifar10', classes: '["a","b"]' }
    const model = await exportOnnx(network, {
      inputShape: [1, 3, 32, 32],
      batchNorm: 'plain',
      producer: 'ocelli 1.2.3',
      inputNames: ['images'],
      outputNames: ['logits'],
      metadata,
    })
    const { graph } = model
    const floats = [...network.stateDict()]
      .filter(([, { dtype }]) => dtype === 'float32')
      .map(([name]) => name)
    expect([...graph.initializers.keys()].filter((name) => floats.includes(name)).sort()).toEqual(
      floats.sort(),
    )
    const [name, weight] = network.namedParameters()[0]!
    const stored = (await (await graph.initializers.get(name)!.read()).values()) as Float32Array
    expect(stored.buffer).toBe(((await weight.node.storage!.read()) as Float32Array).buffer)
    expect(graph.inputs).toEqual([{ name: 'images', type: 'FLOAT', shape: ['batch', 3, 32, 32] }])
    expect(graph.outputs).toEqual([{ name: 'logits', type: 'FLOAT', shape: ['batch', 10] }])
    expect(graph.nodes.map((node) => node.name)).toContain('layer1.0.conv1/Conv')
    expect(new Set(graph.nodes.flatMap(({ outputs }) => outputs)).size).toBe(
      graph.nodes.flatMap(({ outputs }) => outputs).length,
    )

    const fields = [...readMessage(joined((await onnxChunks(model)).model), 'model.onnx')]
    const texts = (number: number): string[] => fields.filter((f) => f.number === number).map((f) => f.text())
    expect(fields.find(({ number }) => number === 1)!.int()).toBe(8)
    expect([texts(2), texts(3)]).toEqual([['ocelli'], ['1.2.3']])
    const entries = fields
      .filter(({ number }) => number === 14)
      .map((field) => [...field.message()].map((part) => part.text()))
    expect(Object.fromEntries(entries)).toEqual(metadata)
  })

  it('gives a graph that Ocelli runs, too', async () => {
    const network = shake(await createModel('resnet20_cifar10')).eval()
    const graph = await createGraphNetwork(await exportOnnx(network, { inputShape: [1, 3, 32, 32] }))
    const { values, shape } = images([3, 3, 32, 32])
    const [own, other] = [network, graph.eval()].map(
      (module) => noGrad(() => module.forward(tensor(values, shape))) as Tensor,
    )
    expect(distance(await own!.data(), await other!.data())).toBeLessThan(1e-5)
  })

  it('leaves the network and the random numbers as they were', async () => {
    const network = new Sequential(new Conv2d(3, 4, 3), new Dropout(0.3), new BatchNorm2d(4))
    network.getSubmodule('2').eval()
    const modes = network.modules().map(({ training }) => training)
    const state = getDefaultGenerator().state()
    await exportOnnx(network, { inputShape: [1, 3, 8, 8] })
    await exportOnnx(network, { inputShape: [1, 3, 8, 8], training: true })
    expect(network.modules().map(({ training }) => training)).toEqual(modes)
    expect(getDefaultGenerator().state()).toEqual(state)

    const norm = new BatchNorm2d(3)
    await exportOnnx(norm, { inputShape: [2, 3, 4, 4], training: true })
    expect(await norm.num_batches_tracked!.item()).toBe(0)
    expect([...(await norm.running_mean!.data())]).toEqual([0, 0, 0])
    noGrad(() => norm.forward(randn([2, 3, 4, 4])))
    expect(await norm.num_batches_tracked!.item()).toBe(1)
  })

  it('folds normalization where nothing else reads the layer, into copies of shared weights', async () => {
    const opsOf = async (network: Module, batchNorm: 'fused' | 'plain'): Promise<string[]> => {
      const { graph } = await exportOnnx(network, { inputShape: [1, 3, 8, 8], batchNorm })
      return graph.nodes.map(({ op }) => op)
    }
    const chain = shake(new Sequential(new Conv2d(3, 3, 3), new BatchNorm2d(3))).eval()
    expect(await opsOf(chain, 'fused')).toEqual(['Conv'])
    expect(await opsOf(chain, 'plain')).toEqual(['Conv', 'BatchNormalization'])

    class Twice extends Module {
      conv = new Conv2d(3, 3, 3, { padding: 1 })
      first = new BatchNorm2d(3)
      second = new BatchNorm2d(3)

      override forward(x: Tensor): Tensor {
        return this.second.forward(this.conv.forward(this.first.forward(this.conv.forward(x))))
      }
    }
    const twice = shake(new Twice()).eval()
    const { graph } = await exportOnnx(twice, { inputShape: [1, 3, 8, 8] })
    expect(graph.nodes.map(({ op }) => op)).toEqual(['Conv', 'Conv'])
    expect(new Set(graph.nodes.map(({ inputs }) => inputs[1])).size).toBe(2)
    if (runtime) expect((await difference(twice, { inputShape: [1, 3, 8, 8] }, 2)).apart).toBeLessThan(1e-5)

    class Read extends Module {
      conv = new Conv2d(3, 3, 3)
      norm = new BatchNorm2d(3)

      override forward(x: Tensor): Tensor {
        const y = this.conv.forward(x)
        return this.norm.forward(y).add(y)
      }
    }
    expect(await opsOf(new Read().eval(), 'fused')).toEqual(['Conv', 'BatchNormalization', 'Add'])
  })

  it('says where a network needs a fixed batch', async () => {
    class Pairs extends Module {
      override forward(x: Tensor): Tensor {
        return x.slice({ start: 1 })
      }
    }
    const shape = [4, 3]
    await expect(exportOnnx(new Pairs(), { inputShape: shape })).rejects.toThrow(FixedBatchError)
    const { graph } = await exportOnnx(new Pairs(), { inputShape: shape, dynamicBatch: false })
    expect(graph.outputs[0]!.shape).toEqual([3, 3])
  })

  it('refuses what it cannot write', async () => {
    const network = new Linear(4, 2)
    const inputShape = [1, 4]
    await expect(exportOnnx(network, { inputShape, opset: 12 })).rejects.toThrow(/opset 12.*13 to 21/)
    await expect(exportOnnx(network, { inputShape: [1, 3] })).rejects.toThrow(/linear/)
    await expect(exportOnnx(network, { inputShape: [] })).rejects.toThrow(/inputShape/)
    await expect(exportOnnx(network, { inputShape, outputNames: ['input'] })).rejects.toThrow(
      /two inputs or outputs/,
    )
    await expect(exportOnnx(network, { inputShape, inputNames: ['a', 'b'] })).rejects.toThrow(/inputNames/)
    const noisy = (x: Tensor): Tensor => x.add(randn([4]))
    await expect(exportOnnx(network, { inputShape, forward: noisy })).rejects.toThrow(/random numbers/)
    const text = (): Tensor => 'text' as unknown as Tensor
    await expect(exportOnnx(network, { inputShape, forward: text })).rejects.toThrow(/neither a tensor/)
  })
})
