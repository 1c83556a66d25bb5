import { describe, expect, it } from 'vitest'
import { signedOf, uniformOf } from '../../scripts/golden.mjs'
import { DataLoader, type Dataset, RepeatedAugmentation } from '../../src/data/index.ts'
import { GeMPool2d } from '../../src/models/blocks/index.ts'
import { createModel } from '../../src/models/index.ts'
import { MarginLoss, type MultiGrain, MultiGrainLoss, pcaWhitening } from '../../src/models/multigrain.ts'
import { F } from '../../src/nn/index.ts'
import { Generator, noGrad, realize, tensor } from '../../src/tensor/index.ts'

const signed = (name: string, shape: readonly number[]) => tensor(signedOf('multigrain', name, shape), shape)

describe('generalized-mean pooling', () => {
  const map = signed('map', [2, 3, 4, 5])
  it.each([
    [1, map.mean([2, 3])],
    [Number.POSITIVE_INFINITY, map.amax([2, 3])],
    [
      3,
      map
        .clamp(1e-6)
        .pow(3)
        .mean([2, 3])
        .pow(1 / 3),
    ],
  ])('with exponent %d', async (p, expected) => {
    const difference = new GeMPool2d({ p }).forward(map).sub(expected).abs().max()
    expect(await difference.item()).toBeLessThan(1e-6)
  })

  it('learns its exponent', async () => {
    const pool = new GeMPool2d({ p: 2, learnP: true })
    pool.forward(map).sum().backward()
    const at = (p: number): Promise<number> => new GeMPool2d({ p }).forward(map).sum().item()
    const slope = ((await at(2.05)) - (await at(1.95))) / 0.1
    expect(Math.abs((await pool.p.grad!.item()) / slope - 1)).toBeLessThan(1e-2)
  })
})

describe('the margin loss', () => {
  const instances = [4, 4, 4, 9, 9, 2, 2, 2]
  const descriptors = F.normalize(signed('descriptors', [8, 6]))

  it('of the nearest negatives is that of its definition', async () => {
    const rows = await Promise.all(descriptors.unbind(0).map((row) => row.data()))
    const far = (i: number, j: number): number =>
      Math.sqrt(Array.from(rows[i]!).reduce((sum, x, k) => sum + (x - rows[j]![k]!) ** 2, 1e-8))
    const terms: number[] = []
    for (let i = 0; i < 8; i++) {
      const others = instances.flatMap((instance, j) => (instance === instances[i] ? [] : [j]))
      const negatives = others.sort((a, b) => far(i, a) - far(i, b))
      const positives = instances.flatMap((instance, j) => (instance === instances[i] && j !== i ? [j] : []))
      for (const [slot, positive] of positives.entries()) {
        terms.push(
          Math.max(0, far(i, positive) - 1.2 + 0.2),
          Math.max(0, 1.2 - far(i, negatives[slot]!) + 0.2),
        )
      }
    }
    const counted = terms.filter((term) => term > 0)
    const loss = new MarginLoss({ mining: 'hardest' })
    const value = loss.forward(descriptors, instances)
    value.backward()
    const mean = counted.reduce((a, b) => a + b) / counted.length
    expect(await value.item()).toBeCloseTo(mean, 4)
    expect(Math.abs(await loss.beta.grad!.item())).toBeLessThanOrEqual(1)
  })

  it('draws negatives of other instances, the near ones more often, and none that is too far', async () => {
    // On a line of angles: one anchor pair, and one negative each at chords of 0.7, 1.2 and 1.9.
    const angles = [0, 0.01, 2 * Math.asin(0.35), 2 * Math.asin(0.6), 2 * Math.asin(0.95)]
    const points = tensor(
      angles.flatMap((angle) => [Math.cos(angle), Math.sin(angle), 0, 0, 0, 0]),
      [5, 6],
    )
    const losses = new Set<string>()
    for (let seed = 0; seed < 12; seed++) {
      const loss = new MarginLoss({ generator: new Generator(seed) })
      losses.add((await loss.forward(points, [7, 7, 1, 2, 3]).item()).toFixed(3))
    }
    // Positives are near enough, so the loss is the mean of the two anchors' negatives alone: 1.4 less their distance.
    for (const loss of losses) {
      const nearest = Math.min(...[0.7, 0.45, 0.2].map((value) => Math.abs(value - Number(loss))))
      expect(nearest).toBeLessThan(0.01)
    }
    expect(losses.size).toBeGreaterThan(1)
  })

  it('is left out where lambda is 1, or where no instance comes twice', async () => {
    const logits = signed('logits', [8, 5])
    const labels = tensor(Int32Array.of(0, 0, 0, 1, 1, 2, 2, 2), [8])
    const classification = await F.crossEntropy(logits, labels).item()
    const total = new MultiGrainLoss({ lambda: 1 }).forward([logits, descriptors], labels, instances)
    expect(await total.item()).toBeCloseTo(classification, 6)
    const single = new MultiGrainLoss({ lambda: 0.25 }).forward(
      [logits, descriptors],
      labels,
      [0, 1, 2, 3, 4, 5, 6, 7],
    )
    expect(await single.item()).toBeCloseTo(0.25 * classification, 6)
    expect(() => new MarginLoss().forward(descriptors, [1, 1, 1, 1, 1, 1, 1, 1])).toThrow(
      'there are no negatives',
    )
  })
})

describe('whitening', () => {
  it('makes the covariance the identity', () => {
    const [count, n] = [200, 7]
    const mixed = new Float32Array(count * n)
    const values = uniformOf('multigrain', 'vectors', count * n) as Float64Array
    for (let v = 0; v < count; v++) {
      for (let i = 0; i < n; i++) {
        mixed[v * n + i] = i + values[v * n + i]! * (i + 1) + (i > 0 ? mixed[v * n + i - 1]! / 2 : 0)
      }
    }
    const { mean, projection, variances } = pcaWhitening(mixed, n)
    const white = Array.from({ length: count }, (_, v) =>
      Array.from({ length: n }, (_, j) => {
        let sum = 0
        for (let i = 0; i < n; i++) sum += (mixed[v * n + i]! - mean[i]!) * projection[i * n + j]!
        return sum
      }),
    )
    for (let a = 0; a < n; a++) {
      for (let b = 0; b < n; b++) {
        const covariance = white.reduce((sum, row) => sum + row[a]! * row[b]!, 0) / (count - 1)
        expect(covariance).toBeCloseTo(a === b ? 1 : 0, 4)
      }
    }
    expect([...variances]).toEqual([...variances].sort((a, b) => b - a))
    expect(() => pcaWhitening(mixed.subarray(0, n * n), n)).toThrow('more than 7 are needed')
  })

  it('of the network leaves its scores, but for one factor for each image', async () => {
    const network = (await createModel('multigrain_resnet50', { numClasses: 6 })) as MultiGrain
    network.eval()
    const images = signed('images', [2, 3, 48, 32])
    const before = noGrad(() => network.forward(images))
    await realize(before)
    const n = 2049
    const variances = Float32Array.from({ length: n }, (_, i) => 2 - i / n)
    const projection = new Float32Array(n * n)
    for (let i = 0; i < n; i++) projection[i * n + i] = 1 / Math.sqrt(variances[i]!)
    const mean = signedOf('multigrain', 'mean', [n]).map((x: number) => x / 50) as Float32Array
    await network.integrateWhitening({ mean, projection, variances })
    const after = noGrad(() => network.forward(images))
    const input = noGrad(() => network.whiteningInput(images))
    await realize(after, input)
    expect(input.shape).toEqual([2, n])
    const factors = await before.div(after).data()
    for (const [i, factor] of factors.entries()) {
      const first = factors[i < 6 ? 0 : 6]!
      expect(factor).toBeGreaterThan(0)
      expect(Math.abs(factor / first - 1)).toBeLessThan(2e-3)
    }
    await expect(network.integrateWhitening({ mean, projection, variances })).rejects.toThrow('already')

    const loaded = (await createModel('multigrain_resnet50', { numClasses: 6, whitened: true })) as MultiGrain
    expect([...loaded.stateDict().keys()].slice(-5)).toEqual([
      'pool.p',
      'classifier.weight',
      'classifier.bias',
      'whitening.pca.pca_P',
      'whitening.pca.pca_m',
    ])
    expect(loaded.loadStateDict(network.stateDict()).missing).toEqual([])
    const thousand = await createModel('multigrain_resnet50', { whitened: true })
    expect(thousand.parameters().reduce((sum, { size }) => sum + size, 0)).toBe(25_558_032)
  })
})

describe('repeated augmentation', () => {
  const numbers: Dataset<{ readonly value: number; readonly drawn: number }> = {
    length: 10,
    get: (index, generator) => ({ value: index, drawn: generator!.uniform() }),
  }

  it('gives every sample several times in a row, with other random numbers', async () => {
    const repeated = new RepeatedAugmentation(numbers, { repetitions: 3, lengthFactor: 2, seed: 5 })
    expect(repeated.length).toBe(20)
    const loader = new DataLoader(repeated, { batchSize: 6, collate: (samples) => samples })
    const epoch = async (number: number): Promise<readonly (readonly [number, number])[]> => {
      repeated.setEpoch(number)
      loader.setEpoch(number)
      const seen: [number, number][] = []
      for await (const batch of loader) for (const { value, drawn } of batch) seen.push([value, drawn])
      return seen
    }
    const first = await epoch(0)
    expect(first).toHaveLength(20)
    for (const [i, [value]] of first.entries()) expect(value).toBe(first[i - (i % 3)]![0])
    expect(new Set(first.map(([value]) => value)).size).toBe(7)
    expect(new Set(first.map(([, drawn]) => drawn)).size).toBe(20)
    expect(first.map((_, i) => repeated.instance(i))).toEqual(first.map(([value]) => value))
    expect(await epoch(1)).not.toEqual(first)
    expect(await epoch(0)).toEqual(first)
  })

  it('goes through the samples again in another order where an epoch is long', () => {
    const repeated = new RepeatedAugmentation(numbers, { repetitions: 1, lengthFactor: 2 })
    const order = Array.from({ length: 20 }, (_, i) => repeated.instance(i))
    expect(new Set(order.slice(0, 10)).size).toBe(10)
    expect(new Set(order.slice(10)).size).toBe(10)
    expect(order.slice(10)).not.toEqual(order.slice(0, 10))
    expect(() => repeated.instance(20)).toThrow('sample 20 does not exist')
    expect(() => new RepeatedAugmentation(numbers, { repetitions: 0 })).toThrow(
      'repetitions must be an integer >= 1',
    )
  })
})
