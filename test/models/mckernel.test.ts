import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { signedOf } from '../../scripts/golden.mjs'
import { walshHadamard } from '../../src/models/blocks/index.ts'
import { createModel } from '../../src/models/index.ts'
import { McKernelFeatures } from '../../src/models/mckernel.ts'
import { F } from '../../src/nn/index.ts'
import { adam } from '../../src/optim/index.ts'
import { grad, manualSeed, noGrad, type Tensor, tensor, variable } from '../../src/tensor/index.ts'

beforeAll(() => {
  manualSeed(11)
})

describe('the Walsh-Hadamard transform', () => {
  const bits = (value: number): number => value.toString(2).replaceAll('0', '').length

  it.each([1, 2, 8, 64])('of %i elements is the product with its matrix', async (n) => {
    const x = signedOf('hadamard', 'x', [3, n])
    const y = await walshHadamard(tensor(x, [3, n])).data()
    for (let row = 0; row < 3; row++) {
      for (let i = 0; i < n; i++) {
        let sum = 0
        for (let j = 0; j < n; j++) sum += x[row * n + j]! * (bits(i & j) % 2 === 0 ? 1 : -1)
        expect(y[row * n + i]).toBeCloseTo(sum, 4)
      }
    }
  })

  it('is its own inverse but for the length, and its own gradient', async () => {
    const x = variable(signedOf('hadamard', 'x', [2, 16]), [2, 16], { requiresGrad: true })
    const twice = await walshHadamard(walshHadamard(x)).data()
    for (const [i, value] of (await x.data()).entries()) expect(twice[i]).toBeCloseTo(16 * value, 4)
    const cotangent = tensor(signedOf('hadamard', 'y', [2, 16]), [2, 16])
    const [gradient] = grad(walshHadamard(x).mul(cotangent).sum(), [x])
    const expected = await walshHadamard(cotangent).data()
    for (const [i, value] of (await gradient!.data()).entries()) expect(value).toBeCloseTo(expected[i]!, 4)
  })

  it('refuses other lengths', () => {
    expect(() => walshHadamard(tensor([1, 2, 3]))).toThrow('a power of two elements, got 3')
  })
})

interface Recorded {
  readonly kernel: 'gaussian' | 'matern'
  readonly n: number
  readonly expansions: number
  /** Two vectors of 20 values. */
  readonly x: readonly number[]
  readonly signs: readonly number[]
  readonly permutation: readonly number[]
  readonly gaussian: readonly number[]
  readonly scales: readonly number[]
  readonly features: readonly number[]
}

/** Gamma(v + 1) (2 / s) ** v J_v(s), by its series. */
function ballTransform(s: number, v: number): number {
  let term = 1
  let sum = 1
  for (let k = 1; k < 200; k++) {
    term *= -(s * s) / 4 / (k * (v + k))
    sum += term
  }
  return sum
}

describe('McKernel', () => {
  // What the authors' library (curto2/mckernel@d205053, sdd+) computes, with its random parts and a permutation that is none.
  const recorded = JSON.parse(
    readFileSync(new URL('fixtures/mckernel.json', import.meta.url), 'utf8'),
  ) as Recorded[]

  it.each(recorded)("computes the features of the authors' library: $kernel", async (given) => {
    const { n, expansions } = given
    const layer = new McKernelFeatures(1, [4, 5], expansions, { kernel: given.kernel })
    expect(layer.n).toBe(n)
    layer.signs.load(Float32Array.from(given.signs))
    layer.permutation.load(Int32Array.from(given.permutation))
    layer.gaussian.load(Float32Array.from(given.gaussian))
    layer.scales.load(Float32Array.from(given.scales))
    const features = layer.forward(tensor(Float32Array.from(given.x), [2, 1, 4, 5])) as Tensor
    expect(features.shape).toEqual([2, 2 * n * expansions, 1, 1])
    const values = await features.data()
    for (const [i, value] of given.features.entries()) expect(Math.abs(values[i]! - value)).toBeLessThan(5e-6)
  })

  it.each([
    ['gaussian', 4, (r: number) => Math.exp(-(r ** 2) / (2 * 4 ** 2))],
    ['matern', 0.8, (r: number, n: number) => ballTransform(r / 0.8, n / 2) ** 5],
  ] as const)('approximates the %s kernel', async (kernel, sigma, exact) => {
    const layer = new McKernelFeatures(1, [8, 8], 40, { kernel, sigma, degree: 5 })
    const count = 12
    const x = signedOf('mckernel', kernel, [count, 64])
    // Neighbours ever farther from one another, so that the kernel goes from nearly one to nearly nothing.
    for (let i = 0; i < count; i++) for (let j = 0; j < 64; j++) x[i * 64 + j]! *= (i + 1) / count
    const features = noGrad(() => (layer.forward(tensor(x, [count, 1, 8, 8])) as Tensor).flatten(1))
    const gram = await features
      .matmul(features.transpose(0, 1))
      .div(layer.n * layer.expansions)
      .data()
    const seen: number[] = []
    let squares = 0
    for (let a = 0; a < count; a++) {
      for (let b = 0; b < count; b++) {
        let square = 0
        for (let j = 0; j < 64; j++) square += (x[a * 64 + j]! - x[b * 64 + j]!) ** 2
        const wanted = exact(Math.sqrt(square), 64)
        seen.push(wanted)
        squares += (gram[a * count + b]! - wanted) ** 2
      }
    }
    expect(Math.min(...seen)).toBeLessThan(0.35)
    expect(seen.some((value) => value > 0.6 && value < 0.95)).toBe(true)
    // The deviation of a mean of 2560 cosines is 0.014 at most.
    expect(Math.sqrt(squares / seen.length)).toBeLessThan(0.014)
  })

  it('sees the windows of larger images one by one', async () => {
    const layer = new McKernelFeatures(1, [4, 4], 2, { kernel: 'gaussian', sigma: 2 })
    const x = tensor(signedOf('mckernel', 'windows', [1, 1, 5, 6]), [1, 1, 5, 6])
    const all = layer.forward(x) as Tensor
    expect(all.shape).toEqual([1, 64, 2, 3])
    const one = layer.forward(x.narrow(2, 1, 4).narrow(3, 2, 4)) as Tensor
    expect([...(await all.narrow(2, 1, 1).narrow(3, 2, 1).data())]).toEqual([...(await one.data())])
  })

  it('learns what no linear classifier can', async () => {
    const network = await createModel('mckernel_mnist_e1', {
      imageSize: [1, 2],
      numClasses: 2,
      expansions: 16,
      kernel: 'gaussian',
      sigma: 0.7,
    })
    const x = tensor([-1, -1, -1, 1, 1, -1, 1, 1], [4, 1, 1, 2])
    const target = tensor(Int32Array.of(0, 1, 1, 0))
    const optimizer = adam(network.parameters(), { lr: 0.05 })
    for (let step = 0; step < 60; step++) {
      const loss = F.crossEntropy(network.forward(x), target)
      optimizer.zeroGrad()
      loss.backward()
      await optimizer.step()
    }
    expect([...(await network.forward(x).argmax(1).data())]).toEqual([0, 1, 1, 0])
  })

  it('averages colours, or sees all of them', async () => {
    const grey = await createModel('mckernel_mnist_e1', { inChannels: 3 })
    const all = await createModel('mckernel_mnist_e1', { inChannels: 3, colour: 'all' })
    expect(grey.featureInfo[0]!.channels).toBe(2048)
    expect(all.featureInfo[0]!.channels).toBe(8192)
  })
})
