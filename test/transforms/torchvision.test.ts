import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { readImage } from '../../src/data/node.ts'
import {
  compose,
  type Image,
  makeImage,
  type TransformDescription,
  transformFrom,
} from '../../src/transforms/index.ts'
import { sharedPath } from '../support/shared.ts'
import fixture from './fixtures/transforms.json' with { type: 'json' }

interface Case {
  readonly steps: readonly TransformDescription[]
  readonly shape: readonly number[]
  /** uint8 or float32 values in base64. */
  readonly bytes?: string
  readonly sha256?: string
  readonly samples?: string
}

const sampleStride = 4999
const drawn = makeImage(
  fixture.image.width,
  fixture.image.height,
  3,
  Buffer.from(fixture.image.bytes, 'base64'),
)

function apply(image: Image, { steps, shape }: Case): Image {
  const result = compose(steps.map(transformFrom)).apply(image)
  expect([result.height, result.width, result.channels]).toEqual(shape)
  return result
}

function nameOf({ steps }: Case): string {
  return compose(steps.map(transformFrom)).toString().replaceAll(/\s+/g, ' ')
}

describe('transforms of a small image equal torchvision’s', () => {
  it.each(fixture.cases.map((entry): [string, Case] => [nameOf(entry), entry]))('%s', (_, entry) => {
    const expected = new Uint8Array(Buffer.from(entry.bytes!, 'base64'))
    const { data } = apply(drawn, entry)
    if (data instanceof Float32Array) expect([...data]).toEqual([...new Float32Array(expected.buffer)])
    else expect([...data]).toEqual([...expected])
  })
})

const folder = sharedPath('assets', 'images', 'imagenet')

describe.skipIf(folder === undefined)('transforms of photographs equal torchvision’s', () => {
  it.each(fixture.photographs)('$name', async ({ name, cases }) => {
    const image = await readImage(`${folder}/${name}`)
    for (const entry of cases as Case[]) {
      const { data } = apply(image, entry)
      const samples = entry.samples!.split(' ').map(Number)
      const found = Array.from(samples, (_, i) => data[i * sampleStride]!)
      const tolerance = data instanceof Uint8Array ? 1 : 1e-6
      const worst = Math.max(...samples.map((sample, i) => Math.abs(sample - found[i]!)))
      expect(worst, `${name}, ${nameOf(entry)}`).toBeLessThanOrEqual(tolerance)
      if (entry.sha256) {
        expect(createHash('sha256').update(data).digest('hex'), `${name}, ${nameOf(entry)}`).toBe(
          entry.sha256,
        )
      }
    }
  })
})
