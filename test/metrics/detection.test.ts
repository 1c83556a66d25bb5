import { describe, expect, it } from 'vitest'
import {
  type DetectedBox,
  evaluateDetections,
  evaluateVoc,
  formatDetectionReport,
  type GroundTruthBox,
  MeanAveragePrecision,
} from '../../src/metrics/index.ts'
import fixtures from './fixtures/detection.json' with { type: 'json' }

/** xorshift32, as in fixtures/detection.py. */
class Numbers {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  next(): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x >>> 0
    return this.#state / 4294967296
  }

  below(n: number): number {
    return Math.floor(this.next() * n)
  }
}

type Four = [number, number, number, number]

/** The cases of fixtures/detection.py, number for number. */
function makeCase(seed: number): { images: number; truths: GroundTruthBox[]; detections: DetectedBox[] } {
  const r = new Numbers(Number((BigInt(seed) * 2654435761n) % 4294967296n) || 1)
  for (let i = 0; i < 8; i++) r.next()
  const images = 1 + r.below(5)
  const classes = 1 + r.below(4)
  const whole = r.below(2) === 1
  const tied = r.below(2) === 1
  const side = [20, 60, 200][r.below(3)]!
  const number = (limit: number): number => {
    const value = r.next() * limit
    return whole ? Math.floor(value) : value
  }
  const anyBox = (): Four => [number(side), number(side), 1 + number(side), 1 + number(side)]
  let truths: GroundTruthBox[] = []
  let detections: DetectedBox[] = []
  const score = (): number => (tied ? r.below(4) / 4 : r.next())
  for (let image = 0; image < images; image++) {
    for (let n = r.below(7); n > 0; n--) {
      const label = r.below(classes)
      const box = anyBox()
      const kind = r.below(10)
      const area = kind === 2 ? { area: number(2 * side * side) } : {}
      truths.push({ image, label, box, crowd: kind === 0, ignore: kind === 1, ...area })
      for (let m = r.below(4); m > 0; m--) {
        const moved = box.map((v) => v + number(1 + Math.floor(side / 8))) as Four
        detections.push({ image, label, box: moved, score: score() })
      }
    }
    for (let n = r.below(4); n > 0; n--) {
      const box = anyBox()
      const value = score()
      detections.push({ image, label: r.below(classes), box, score: value })
    }
  }
  if (seed % 20 === 1) detections = []
  if (seed % 20 === 2) truths = truths.filter(({ label }) => label > 0)
  if (seed % 20 === 3) truths = truths.filter(({ image }) => image !== 0)
  return { images, truths, detections }
}

const orMinusOne = (value: number): number => (Number.isNaN(value) ? -1 : value)

function stats(seed: number): number[] {
  const { images, truths, detections } = makeCase(seed)
  const r = evaluateDetections(truths, detections, {
    maxDetections: images % 2 === 1 ? [1, 2, 4] : [1, 10, 100],
  })
  return [
    r.ap,
    r.ap50,
    r.ap75,
    r.apSmall,
    r.apMedium,
    r.apLarge,
    r.ar1,
    r.ar10,
    r.ar100,
    r.arSmall,
    r.arMedium,
    r.arLarge,
  ].map(orMinusOne)
}

describe('evaluateDetections', () => {
  it("gives the twelve figures of COCO's evaluator", () => {
    for (const [i, expected] of fixtures.full.entries()) {
      for (const [k, value] of stats(i + 1).entries()) {
        expect(Math.abs(value - expected[k]!), `case ${i + 1}, figure ${k}`).toBeLessThan(1e-12)
      }
    }
  })

  it('agrees with it on thousands of cases with ties, crowds, areas, and images and classes without anything', () => {
    for (const [i, expected] of fixtures.weighted.entries()) {
      const sum = stats(i + 1).reduce((total, value, k) => total + value * Math.sqrt(k + 2), 0)
      expect(Math.abs(sum - expected), `case ${i + 1}`).toBeLessThan(1e-11)
    }
    expect(fixtures.weighted.length).toBe(3000)
  })

  it('tells the classes apart and names them', () => {
    const truths: GroundTruthBox[] = [
      { image: 'a', label: 0, box: [0, 0, 10, 10] },
      { image: 'a', label: 2, box: [20, 20, 50, 50] },
    ]
    const report = evaluateDetections(truths, [{ image: 'a', label: 0, box: [0, 0, 10, 10], score: 0.9 }], {
      classes: ['cat', 'dog', 'owl'],
    })
    expect(report.classes.map(({ name, objects, ar }) => [name, objects, ar])).toEqual([
      ['cat', 1, 1],
      ['dog', 0, Number.NaN],
      ['owl', 1, 0],
    ])
    expect(report.ap).toBeCloseTo(0.5, 12)
    expect(formatDetectionReport(report)).toMatch(/^AP50 +IoU 0.50 +50.00$/m)
  })

  it('has no figures where there are no objects', () => {
    expect(evaluateDetections([], []).ap).toBeNaN()
    expect(evaluateDetections([], [{ image: 1, label: 0, box: [0, 0, 1, 1], score: 1 }]).ap50).toBeNaN()
  })

  it('takes 5000 images with 100 detections and 80 classes in seconds', () => {
    const r = new Numbers(7)
    const truths: GroundTruthBox[] = []
    const detections: DetectedBox[] = []
    const box = (): Four => [r.next() * 500, r.next() * 400, 5 + r.next() * 200, 5 + r.next() * 200]
    for (let image = 0; image < 5000; image++) {
      for (let i = 0; i < 7; i++) truths.push({ image, label: r.below(80), box: box() })
      for (let i = 0; i < 100; i++) {
        detections.push({ image, label: r.below(80), box: box(), score: r.next() })
      }
    }
    // The processor's time: the machine may have other work.
    const started = process.cpuUsage()
    expect(evaluateDetections(truths, detections).ap).toBeGreaterThanOrEqual(0)
    const { user, system } = process.cpuUsage(started)
    expect((user + system) / 1e6).toBeLessThan(20)
  }, 60_000)

  it('names what is wrong with a box', () => {
    const good: GroundTruthBox = { image: 1, label: 0, box: [0, 0, 1, 1] }
    expect(() => evaluateDetections([{ ...good, box: [0, 0, -1, 1] }], [])).toThrow(
      /ground truth 0 \(image 1\)/,
    )
    expect(() => evaluateDetections([{ ...good, label: 0.5 }], [])).toThrow(/label/)
    expect(() => evaluateDetections([good], [{ ...good, score: Number.NaN }])).toThrow(/detection 0.*NaN/)
    expect(() => evaluateDetections([good], [], { iouThresholds: [0.7, 0.5] })).toThrow(/rise/)
    expect(() => evaluateDetections([good], [], { maxDetections: [1, 1, 2] })).toThrow(/three rising/)
  })
})

describe('MeanAveragePrecision', () => {
  it('adds up images over batches', () => {
    const metric = new MeanAveragePrecision()
    const box = [0, 0, 10, 10] as const
    metric.update([[{ label: 0, box }]], [[{ label: 0, box, score: 0.5 }]])
    expect(metric.compute().ap).toBeCloseTo(1, 12)
    metric.update([[{ label: 0, box }], []], [[], []])
    expect(metric.images).toBe(3)
    // Half of the objects are found: 51 of the 101 recall levels.
    expect(metric.compute().ap).toBeCloseTo(51 / 101, 12)
    metric.reset()
    expect(metric.compute().ap).toBeNaN()
    expect(() => metric.update([[]], [])).toThrow(/0 images for 1/)
  })
})

describe('evaluateVoc', () => {
  it("gives the averages of VOC's rules, with 11 points and with all", () => {
    for (const [i, [eleven, all]] of fixtures.voc.entries()) {
      const { truths, detections } = makeCase(i + 1)
      expect(
        Math.abs(orMinusOne(evaluateVoc(truths, detections, { points: 11 }).map) - eleven!),
      ).toBeLessThan(1e-12)
      expect(Math.abs(orMinusOne(evaluateVoc(truths, detections).map) - all!)).toBeLessThan(1e-12)
    }
    expect(fixtures.voc.length).toBe(1000)
  })
})
