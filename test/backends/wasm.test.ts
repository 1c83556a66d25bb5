import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Backend } from '../../src/backends/backend.ts'
import { WasmEngine } from '../../src/backends/wasm/engine.ts'
import { OutOfMemoryError } from '../../src/backends/wasm/heap.ts'
import { nodeHost } from '../../src/backends/wasm/node.ts'
import { abstractGraph, record } from '../../src/compiler/graph.ts'
import { HostStorage } from '../../src/graph/storage.ts'
import { createModel } from '../../src/models/index.ts'
import { F } from '../../src/nn/index.ts'
import { sgd } from '../../src/optim/index.ts'
import { manualSeed, setBackend, type Tensor, tensor } from '../../src/tensor/index.ts'
import { testBehaviour } from '../support/backend-suite.ts'
import { CaseRandom } from '../support/case-random.ts'
import { nativeBackend } from '../support/native-backend.ts'
import { evaluate } from '../support/op-evaluate.ts'
import { wasmBackend } from '../support/wasm-backend.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
const native = (await nativeBackend()) !== undefined
const MiB = 2 ** 20

describe('the wasm backend', () => testBehaviour('wasm', 8))

function imagesOf(count: number, seed: number): Tensor {
  const values = Float32Array.from({ length: count * 1024 }, (_, i) => Math.sin(i * 0.37 + seed))
  return tensor(values, [count, 1, 32, 32])
}

function labelsOf(count: number, seed: number): Tensor {
  const values = Int32Array.from({ length: count }, (_, i) => (i + seed) % 10)
  return tensor(values, [count])
}

/** Losses of training steps, step i on the i-th backend. */
async function losses(backends: readonly ('native' | 'wasm')[]): Promise<number[]> {
  manualSeed(1)
  const model = await createModel('lenet5')
  const optimizer = sgd(model.parameters(), { lr: 0.05, momentum: 0.9 })
  const found: number[] = []
  for (const [i, backend] of backends.entries()) {
    await setBackend(backend)
    optimizer.zeroGrad()
    const loss = F.crossEntropy(model.forward(imagesOf(32, i)), labelsOf(32, i))
    loss.backward()
    await optimizer.step()
    found.push(await loss.item())
  }
  return found
}

describe('training on wasm', () => {
  const steps = 8

  it.skipIf(!native)('follows training on the native backend', async () => {
    const expected = await losses(new Array(steps).fill('native'))
    const actual = await losses(new Array(steps).fill('wasm'))
    for (const [i, loss] of expected.entries()) expect(Math.abs(actual[i]! - loss)).toBeLessThan(1e-4)
  })

  it.skipIf(!native)('can go on where another backend began, and back', async () => {
    const expected = await losses(new Array(steps).fill('native'))
    const mixed = Array.from(
      { length: steps },
      (_, i) => (i % 4 < 2 ? 'wasm' : 'native') as 'wasm' | 'native',
    )
    const actual = await losses(mixed)
    for (const [i, loss] of expected.entries()) expect(Math.abs(actual[i]! - loss)).toBeLessThan(1e-4)
  })

  it('keeps memory flat over 500 steps of varying size', { timeout: 120_000 }, async () => {
    const backend = await setBackend('wasm')
    manualSeed(2)
    const model = await createModel('lenet5')
    const optimizer = sgd(model.parameters(), { lr: 0.01, momentum: 0.9 })
    let [bytes, reserved] = [0, 0]
    for (let i = 0; i < 500; i++) {
      if (i === 100) ({ bytes, reserved = 0 } = backend.memory())
      const size = 8 + (i % 5) * 4
      optimizer.zeroGrad()
      const loss = F.crossEntropy(model.forward(imagesOf(size, i)), labelsOf(size, i))
      loss.backward()
      await optimizer.step()
      expect(await loss.item()).toBeGreaterThan(0)
    }
    expect(backend.memory().bytes).toBeLessThanOrEqual(bytes)
    expect(backend.memory().reserved).toBeLessThanOrEqual(reserved + MiB)
  })
})

/** A product of two matrices, summed: the product needs 4 * size^2 bytes of the arena. */
async function sumOfProduct(backend: Backend, size: number, values: Float32Array): Promise<number> {
  const x = tensor(values.subarray(0, size), [size, 1])
  const [sum] = await evaluate(backend, [x.matmul(x.reshape([1, size])).sum().node])
  return sum![0]!
}

describe('memory of the wasm backend', () => {
  const ones = new Float32Array(40_000).fill(1)

  it('is found again after a large program is gone', async () => {
    const backend = await wasmBackend({ threads: 2 })
    const largest = async (): Promise<number> => {
      expect(await sumOfProduct(backend, 4000, ones)).toBeCloseTo(16e6)
      const { bytes } = backend.memory()
      expect(bytes).toBeGreaterThan(64e6)
      return backend.memory().reserved!
    }
    const reserved = await largest()
    for (let i = 0; i < 50 && backend.memory().bytes > 10e6; i++) {
      collectGarbage()
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    expect(backend.memory().bytes).toBeLessThan(10e6)
    expect(await largest()).toBeLessThanOrEqual(reserved + MiB)
  })

  it.each([true, false])('is refused with an error when it runs out, with workers: %s', async (workers) => {
    const backend = await wasmBackend({ threads: 2, workers, memoryLimit: 32 * MiB })
    await expect(sumOfProduct(backend, 4000, ones)).rejects.toThrow(/not enough memory for 64\d{6} bytes/)
    await expect(sumOfProduct(backend, 40_000, ones)).rejects.toThrow(/not enough memory for 6400\d{6} bytes/)
    const large = tensor(new Float32Array(12 * MiB), [12 * MiB])
    await expect(evaluate(backend, [large.neg().node])).rejects.toThrow(
      /not enough memory for 50331648 bytes/,
    )
    expect(await sumOfProduct(backend, 1000, ones)).toBeCloseTo(1e6)
  })

  it.each([
    [1, 40],
    [2, 40],
    [2, 60],
  ])('may run out within a kernel: %i threads in %i MiB', { timeout: 30_000 }, async (threads, limit) => {
    // Operand and result take up 32 MiB, sorting a row 16 MiB on each thread: all fail, or one of two does.
    const backend = await wasmBackend({ threads, memoryLimit: limit * MiB })
    const rows = tensor(
      Float32Array.from({ length: 4 * MiB }, (_, i) => Math.sin(i)),
      [4, MiB],
    )
    const sorted = rows.argsort().node
    for (let i = 0; i < 3; i++) {
      await expect(evaluate(backend, [sorted])).rejects.toThrow(/not enough memory for 16777216 bytes/)
      expect(await sumOfProduct(backend, 100, ones)).toBeCloseTo(1e4)
    }
  })

  it('is handed out without overlap, and joins again when it is free', async () => {
    const options = { instructionSet: 'wasm', threads: 1, workers: false, memoryLimit: 64 * MiB } as const
    const { heap } = await WasmEngine.start(nodeHost(), options)
    const random = new CaseRandom(1, 'small', false)
    const live: { address: number; size: number }[] = []
    let refused = 0
    for (let i = 0; i < 5000; i++) {
      if (live.length > 0 && random.integer(0, 99) < 48) {
        heap.release(live.splice(random.integer(0, live.length - 1), 1)[0]!.address)
        continue
      }
      const size = random.integer(0, random.pick([100, 100, 100, 10_000, 100_000, 4 * MiB]))
      try {
        const address = heap.allocate(size)
        expect(address % 64).toBe(0)
        expect(
          live.every((other) => address + size <= other.address || address >= other.address + other.size),
        ).toBe(true)
        live.push({ address, size })
      } catch (error) {
        expect(error).toBeInstanceOf(OutOfMemoryError)
        refused++
        for (const { address } of live.splice(0, 20)) heap.release(address)
      }
    }
    expect(refused).toBeGreaterThan(0)
    for (const { address } of live) heap.release(address)
    heap.release(heap.allocate(60 * MiB))
  })

  it('holds no copy of an input that was changed in place', async () => {
    const backend = await wasmBackend({ threads: 1 })
    const recorded = record([tensor([1, 2, 3]).mul(2).node])
    const executable = backend.compile(abstractGraph(recorded))
    const input = new HostStorage('float32', Float32Array.of(1, 2, 3))
    const output = HostStorage.allocate('float32', 3)
    await executable.run([input], [output])
    expect([...output.data]).toEqual([2, 4, 6])
    input.data[0] = 5
    input.version++
    await executable.run([input], [output])
    expect([...output.data]).toEqual([10, 4, 6])
  })
})

describe('without a native addon', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ocelli-'))
  const dist = join(folder, 'dist')
  const script = `
    const { tensor, getBackend, backendReason } = await import(${JSON.stringify(join(dist, 'index.js'))})
    const sum = await tensor([1, 2, 3]).mul(2).sum().item()
    console.log(JSON.stringify({ sum, name: (await getBackend()).info.name, reason: backendReason() }))`
  const run = (env: Record<string, string> = {}) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, OCELLI_BACKEND: '', ...env },
      encoding: 'utf8',
      timeout: 30_000,
    })

  beforeAll(() => {
    cpSync(new URL('../../dist', import.meta.url), dist, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('wasm takes over and says so in one line', () => {
    const { stdout, stderr, status } = run()
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ sum: 12, name: 'wasm' })
    expect(stderr).toMatch(/^ocelli: running on WebAssembly: the native addon has not been built.*\n$/)
  })

  it('wasm runs without Workers where none can be started, and says so', () => {
    rmSync(join(dist, 'backends/wasm/worker.js'))
    const { stdout, stderr, status } = run({ OCELLI_BACKEND: 'wasm' })
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ sum: 12, name: 'wasm' })
    expect(stderr).toMatch(/^ocelli: WebAssembly runs on the calling thread, as Workers.*worker\.js.*\n$/)
  })

  it('the reference takes over where wasm cannot be had, and says why', () => {
    for (const file of ['ocelli-simd.wasm', 'ocelli-relaxed-simd.wasm'])
      rmSync(join(dist, 'backends/wasm', file))
    const named = run({ OCELLI_BACKEND: 'wasm' })
    expect(named.status).toBe(1)
    expect(named.stderr).toMatch(/OCELLI_BACKEND=wasm: .*simd\.wasm is missing; npm run build/)
    const { stdout, stderr, status } = run()
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ sum: 12, name: 'reference' })
    expect(stderr).toMatch(
      /^ocelli: running on the reference backend, which is slow: .*simd\.wasm is missing.*\n$/,
    )
  })
})
