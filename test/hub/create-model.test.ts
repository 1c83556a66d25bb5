import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { browserLoader } from '../../src/hub/browser.ts'
import { classLabels, createModel, listModels, modelMetadata, type Network } from '../../src/models/index.ts'
import { chooseWeights } from '../../src/models/pretrained.ts'
import { noGrad, ones } from '../../src/tensor/index.ts'
import { saveDarknet, savePyTorch, saveSafetensors } from '../../src/weights/file.ts'
import { encodeSafetensors, storeTensors } from '../../src/weights/index.ts'
import { type FileServer, fileServer } from '../support/file-server.ts'
import { sharedPath } from '../support/shared.ts'

const root = mkdtempSync(join(tmpdir(), 'ocelli-create-'))
const environment = { ...process.env }
const real = sharedPath('assets', 'weights', 'cifar10-resnet20-12fca82f.pth')
const published = modelMetadata('resnet20_cifar10').weights[0]!

let server: FileServer
let network: Network
const file = join(root, 'mine.safetensors')
const checkpoint = join(root, 'mine.pth')
beforeAll(async () => {
  server = await fileServer()
  process.env.OCELLI_HOME = join(root, 'home')
  process.env.OCELLI_MIRROR = `${server.url}/mirror`
  if (real !== undefined) {
    server.files.set(`/mirror/${published.url.replace('https://', '')}`, { bytes: readFileSync(real) })
  }
  network = await createModel('resnet20_cifar10')
  await saveSafetensors(file, network.stateDict())
  await savePyTorch(checkpoint, network.stateDict())
})
afterAll(() => {
  rmSync(root, { recursive: true, force: true })
  for (const name of ['OCELLI_HOME', 'OCELLI_MIRROR']) {
    if (environment[name] === undefined) delete process.env[name]
    else process.env[name] = environment[name]
  }
})

const outputs = async (model: Network): Promise<readonly number[]> => [
  ...(await noGrad(() => model.eval().forward(ones([1, 3, 32, 32]))).data()),
]

describe('createModel with weights', () => {
  it.skipIf(real === undefined)(
    'by default takes the first published ones, checked by their hash',
    async () => {
      expect(published.sha256).toBeDefined()
      const steps: number[] = []
      const model = await createModel('resnet20_cifar10', {
        weights: { source: 'default', onProgress: ({ received }) => steps.push(received) },
      })
      expect(steps.at(-1)).toBe(published.bytes)
      expect(model.loadedWeights).toMatchObject({ entry: published, adaptations: [] })
      expect(model.loadedWeights!.location).toMatch(/home\/weights\/.*\/resnet20-12fca82f\.th$/)
      expect(model.preprocessing).toBe(published.preprocessing)
      expect((await classLabels(published.classes!)).length).toBe(model.numClasses)
      const again = await createModel('resnet20_cifar10', { weights: published.tag })
      expect(await outputs(again)).toEqual(await outputs(model))
      expect(server.gets().length).toBe(1)
      process.env.OCELLI_OFFLINE = '1'
      try {
        const offline = await createModel('resnet20_cifar10', { weights: published.url })
        expect(offline.loadedWeights!.entry).toBe(published)
        await expect(createModel('resnet32_cifar10', { weights: 'default' })).rejects.toThrow(
          /put it at .*d509ac18\.th/,
        )
      } finally {
        delete process.env.OCELLI_OFFLINE
      }
    },
  )

  it.each([
    ['a path', () => file],
    ['the address of a file', () => pathToFileURL(file).href],
    ['a PyTorch file', () => checkpoint],
  ])('takes %s', async (_, source) => {
    const model = await createModel('resnet20_cifar10', { weights: source() })
    expect(await outputs(model)).toEqual(await outputs(network))
    expect(model.loadedWeights).toMatchObject({ entry: null, adaptations: [] })
  })

  it('takes an address', async () => {
    server.files.set('/mirror/example.org/mine.safetensors', { bytes: readFileSync(file) })
    const model = await createModel('resnet20_cifar10', { weights: 'https://example.org/mine.safetensors' })
    expect(await outputs(model)).toEqual(await outputs(network))
  })

  it('fits them to other classes and channels', async () => {
    const model = await createModel('resnet20_cifar10', { weights: file, numClasses: 3, inChannels: 1 })
    expect(model.numClasses).toBe(3)
    expect(model.loadedWeights!.adaptations.map(({ kind }) => kind)).toEqual(['classifier', 'inputChannels'])
    expect(model.preprocessing).toMatchObject({
      channels: 1,
      mean: [expect.any(Number)],
      std: [expect.any(Number)],
    })
    const own = join(root, 'three.safetensors')
    await saveSafetensors(own, model.stateDict())
    const inferred = await createModel('resnet20_cifar10', { weights: own, inChannels: 1 })
    expect(inferred.numClasses).toBe(3)
    expect(inferred.loadedWeights!.adaptations).toEqual([])
  })

  it('fits them to a pyramid of features', async () => {
    const pyramid = await createModel('resnet20_cifar10', { weights: file, featuresOnly: true })
    const x = ones([1, 3, 32, 32])
    pyramid.eval()
    network.eval()
    const wanted = await noGrad(() => network.forwardFeatures(x)).data()
    expect([...(await noGrad(() => pyramid.forward(x)).data())]).toEqual([...wanted])
  })

  it('chooses an entry of a file', async () => {
    const both = new Map(
      [...(await storeTensors(network.stateDict()))].map(([name, t]) => [`model.${name}`, t] as const),
    )
    const path = join(root, 'wrapped.safetensors')
    await saveSafetensors(path, both)
    const model = await createModel('resnet20_cifar10', { weights: path })
    expect(model.loadedWeights!.adaptations.map(({ kind }) => kind)).toEqual(['wrapper'])
    await expect(
      createModel('resnet20_cifar10', { weights: { source: checkpoint, key: 'none' } }),
    ).rejects.toThrow(/none holds/)
  })

  it('says what there is instead of what there is not', async () => {
    await expect(createModel('resnet18', { weights: 'tv_in2k' })).rejects.toThrow(
      /resnet18 has no weights 'tv_in2k'; did you mean tv_in1k.*it has tv_in1k, a1_in1k/,
    )
    await expect(createModel('resnet50_v1', { weights: 'default' })).rejects.toThrow(
      /resnet50_v1 has no published weights; give a file or an address/,
    )
    await expect(createModel('resnet18', { weights: join(root, 'none.pth') })).rejects.toThrow(
      /none\.pth: no such file/,
    )
    await expect(createModel('resnet18', { weights: file })).rejects.toThrow(
      /mine\.safetensors does not fit resnet18: /,
    )
    await expect(createModel('scarlet_a', { weights: 'default' })).rejects.toThrow(
      /a form that has to be filled in.*download the weights/,
    )
    await expect(createModel('mobilenet_wd2', { weights: 'tf_in1k' })).rejects.toThrow(
      /'tf_in1k' of mobilenet_wd2 are in a form that cannot be loaded by name .*these can: pytorchcv/,
    )
    await expect(createModel('googlenet', { weights: 'default', transformInput: false })).rejects.toThrow(
      /the weights 'tv_in1k' need transformInput true, not false/,
    )
    await expect(createModel('resnet18', { weights: file, colour: true })).rejects.toThrow(
      /there is no option 'colour'/,
    )
  })

  it('resolves every published entry, or says why not', () => {
    const outcomes = new Map<string, number>()
    for (const name of listModels()) {
      for (const { tag } of modelMetadata(name).weights) {
        let outcome = 'resolved'
        try {
          const { file: remote } = chooseWeights(name, modelMetadata(name), tag)
          expect(remote).toMatchObject({ url: expect.stringMatching(/^https?:/) })
        } catch (error) {
          outcome = /from which no program/.test((error as Error).message) ? 'page' : 'form'
          expect((error as Error).message).toMatch(/open it in a browser|these can|convert them/)
        }
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      }
    }
    expect(outcomes.get('resolved')).toBeGreaterThan(690)
    expect([...outcomes.keys()].sort()).toEqual(['form', 'page', 'resolved'])
  })
})

describe('in a browser', () => {
  it('weights come by fetch, are checked, and are kept', async () => {
    const bytes = encodeSafetensors(await storeTensors(network.stateDict()))
    server.files.set('/page/net.safetensors', { bytes })
    const kept = new Map<string, Response>()
    const cache = {
      match: async (url: string) => kept.get(url)?.clone(),
      put: async (url: string, response: Response) => void kept.set(url, response),
    }
    Object.assign(globalThis, { caches: { open: async () => cache } })
    try {
      const url = `${server.url}/page/net.safetensors`
      const told: number[] = []
      const opened = await browserLoader.open(url, { onProgress: ({ received }) => told.push(received) })
      expect(opened.access.size).toBe(bytes.length)
      expect(told.at(-1)).toBe(bytes.length)
      await browserLoader.open(url)
      expect(server.gets('/page/net.safetensors').length).toBe(1)
      kept.clear()
      await expect(browserLoader.open({ url, sha256Prefix: 'deadbeef' })).rejects.toThrow(/its SHA-256 is/)
      expect(kept.size).toBe(0)
      await expect(browserLoader.open(url, { offline: true })).rejects.toThrow(/downloads are turned off/)
      await expect(browserLoader.open(`${server.url}/page/none`)).rejects.toThrow(/404/)
      server.files.set('/page/cut', { bytes, cutAfter: 1000 })
      await expect(browserLoader.open(`${server.url}/page/cut`)).rejects.toThrow(/the download failed/)
    } finally {
      delete (globalThis as { caches?: unknown }).caches
    }
  })
})

describe('files whose numbers have no names', () => {
  it("are read in the order of the network, where it is one of Darknet's", async () => {
    const trained = await createModel('yolov3-tiny')
    const path = join(root, 'yolov3-tiny.weights')
    await saveDarknet(path, trained.fileLayout().darknet!, trained.stateDict())
    const read = await createModel('yolov3-tiny', { weights: path })
    const values = await storeTensors(read.stateDict())
    for (const [name, tensor] of await storeTensors(trained.stateDict())) {
      if (name.endsWith('num_batches_tracked')) continue
      expect(Buffer.compare(values.get(name)!.bytes(), tensor.bytes()), name).toBe(0)
    }
    await expect(createModel('resnet18', { weights: path })).rejects.toThrow(/give their .cfg/)
  })
})
