import { execFileSync, spawnSync } from 'node:child_process'
import { Worker } from 'node:worker_threads'
import { beforeAll, expect, it } from 'vitest'
import { uniformOf } from '../../scripts/golden.mjs'
import type { BackendName } from '../../src/backends/backend.ts'
import type { TypedArray } from '../../src/graph/dtype.ts'
import { F } from '../../src/nn/index.ts'
import {
  getBackend,
  grad,
  realize,
  setBackend,
  type Tensor,
  tensor,
  variable,
} from '../../src/tensor/index.ts'

const entry = new URL('../../dist/index.js', import.meta.url).href

function valuesOf(size: number, seed: number): Tensor {
  const values = Float32Array.from({ length: size * size }, (_, i) => ((i * 7 + seed) % 13) / 13 - 0.5)
  return tensor(values, [size, size])
}

/** Products one after the other: seconds of work in one program. */
function longChain(size: number, steps: number): Tensor {
  let x = valuesOf(size, 1)
  const factor = valuesOf(size, 2)
  for (let i = 0; i < steps; i++) x = x.matmul(factor).mul(1 / size)
  return x
}

const script = `
const { realize, tensor } = await import(${JSON.stringify(entry)})
const side = 200
const x = tensor(Float32Array.from({ length: side * side }, (_, i) => ((i * 7) % 13) / 13 - 0.5), [side, side])
const y = x.matmul(x).relu()
await realize(y)
console.log(JSON.stringify([...(await y.data())]))`

const nodeArguments = ['--no-warnings', '--input-type=module', '-e', script]

/** What a backend must do besides computing right. `steps`: how many products of 1024 x 1024 take it a while. */
export function testBehaviour(backend: BackendName, steps: number): void {
  beforeAll(async () => {
    await setBackend(backend)
    await realize(longChain(64, 1))
  })

  it('leaves the event loop free during a long run', { timeout: 60_000 }, async () => {
    let ticks = 0
    const timer = setInterval(() => ticks++, 5)
    const start = performance.now()
    await realize(longChain(1024, steps))
    const time = performance.now() - start
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(time / 50)
  })

  it('stops soon when aborted, and can be used again', { timeout: 60_000 }, async () => {
    const whole = performance.now()
    await realize(longChain(1024, steps))
    const time = performance.now() - whole
    const chain = longChain(1024, steps)
    const controller = new AbortController()
    const reason = new Error('enough')
    setTimeout(() => controller.abort(reason), time / 10)
    const start = performance.now()
    await expect(realize(chain, { signal: controller.signal })).rejects.toBe(reason)
    expect(performance.now() - start).toBeLessThan(time * 0.6)
    const again = await chain.data()
    expect(again.every(Number.isFinite)).toBe(true)
    expect(again).toEqual(await longChain(1024, steps).data())
  })

  it.each([1, 3])('rounds less where gradients are computed: kernels of %s', async (kernel) => {
    const [channels, side, outputs] = [Math.ceil(512 / kernel ** 2), 4 + kernel - 1, 64]
    const values = (name: string, size: number): Float32Array =>
      Float32Array.from(uniformOf('rounding', name, size))
    const x = values('x', channels * side * side)
    const w = values('w', outputs * channels * kernel * kernel)
    const product = async (gradients: boolean): Promise<Float32Array> => {
      const weight = variable(w, [outputs, channels, kernel, kernel], { requiresGrad: true })
      const y = F.conv2d(tensor(x, [1, channels, side, side]), weight)
      await realize(y, ...(gradients ? grad(y.sum(), [weight]) : []))
      return (await y.data()) as Float32Array
    }
    const exact = (o: number, top: number, left: number): number => {
      let sum = 0
      for (let c = 0; c < channels; c++) {
        for (let i = 0; i < kernel; i++) {
          for (let j = 0; j < kernel; j++) {
            sum +=
              w[((o * channels + c) * kernel + i) * kernel + j]! * x[(c * side + top + i) * side + left + j]!
          }
        }
      }
      return sum
    }
    const errorOf = (y: Float32Array): number => {
      let squares = 0
      for (let o = 0; o < outputs; o++) {
        for (let p = 0; p < 16; p++) squares += (y[o * 16 + p]! - exact(o, p >> 2, p & 3)) ** 2
      }
      return Math.sqrt(squares)
    }
    const [alone, beside] = [errorOf(await product(false)), errorOf(await product(true))]
    expect(beside).toBeLessThan(0.75 * alone)
  })

  it('gives right results when several runs start at once', async () => {
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        valuesOf(64, i)
          .matmul(valuesOf(64, i + 1))
          .data(),
      ),
    )
    for (const [i, result] of results.entries()) {
      expect(result).toEqual(
        await valuesOf(64, i)
          .matmul(valuesOf(64, i + 1))
          .data(),
      )
    }
  })

  it('packs a weight once for batches of several sizes', async () => {
    const { memory } = await getBackend()
    const weight = variable(new Float32Array(512 * 512).fill(1 / 512), [512, 512])
    const sums = (rows: number): Promise<TypedArray> =>
      tensor(new Float32Array(rows * 512).fill(rows), [rows, 512])
        .matmul(weight)
        .data()
    const empty = memory().bytes
    expect((await sums(64))[0]).toBeCloseTo(64)
    const packed = memory().bytes
    expect(packed - empty).toBeGreaterThanOrEqual(4 * 512 * 512)
    expect((await sums(48))[0]).toBeCloseTo(48)
    expect(memory().bytes - packed).toBeLessThan(512 * 512)
  })

  it('agrees with itself on one and two threads, and the process exits', { timeout: 60_000 }, () => {
    const [one, two] = ['1', '2'].map((threads) => {
      const env = { ...process.env, OCELLI_BACKEND: backend, OCELLI_THREADS: threads }
      return JSON.parse(
        execFileSync(process.execPath, nodeArguments, { env, encoding: 'utf8', timeout: 20_000 }),
      )
    })
    expect(one).toHaveLength(200 * 200)
    for (let i = 0; i < one.length; i++) expect(Math.abs(one[i] - two[i])).toBeLessThan(1e-4)
  })

  it.each([
    ['OCELLI_THREADS', 'many'],
    ['OCELLI_THREADS', '0'],
    ['OCELLI_ISA', 'abacus'],
    ['OCELLI_BACKEND', 'abacus'],
  ])('refuses %s=%s', { timeout: 30_000 }, (name, value) => {
    const { status, stderr } = spawnSync(process.execPath, nodeArguments, {
      env: { ...process.env, OCELLI_BACKEND: backend, [name]: value },
      encoding: 'utf8',
      timeout: 20_000,
    })
    expect(status).toBe(1)
    expect(stderr).toContain(`Error: ${name} is '${value}'; it must be`)
  })

  it('runs in two worker threads of one process', { timeout: 30_000 }, async () => {
    const code = `import('node:worker_threads').then(async ({ parentPort }) => {
      process.env.OCELLI_BACKEND = '${backend}'
      const { tensor } = await import(${JSON.stringify(entry)})
      const x = tensor(new Float32Array(64 * 64).fill(1), [64, 64])
      for (let i = 0; i < 50; i++) await x.mul(i).matmul(x).data()
      parentPort.postMessage((await x.matmul(x).sum().item()))
    })`
    const sums = await Promise.all(
      [1, 2].map(
        () =>
          new Promise((resolve, reject) => {
            new Worker(code, { eval: true }).on('message', resolve).on('error', reject)
          }),
      ),
    )
    expect(sums).toEqual([64 ** 3, 64 ** 3])
  })
}
