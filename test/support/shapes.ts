import {
  type DetectionDataset,
  type DetectionSample,
  detectionSamples,
  type ObjectBox,
} from '../../src/data/index.ts'
import { Generator } from '../../src/tensor/index.ts'
import { makeImage } from '../../src/transforms/index.ts'

export const shapeNames: readonly string[] = ['disc', 'square', 'triangle']

/** Whether a point, in -1..1 of the shape's box, is in it. */
const inside: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => x * x + y * y <= 1,
  () => true,
  (x, y) => Math.abs(x) <= (y + 1) / 2,
]

/** Images with one to three shapes of any colour, which do not cover each other, on a noisy ground. */
export function shapes(count: number, side: number, seed: number): DetectionDataset {
  return detectionSamples(
    Array.from({ length: count }, (_, i) => draw(side, new Generator(seed, i))),
    shapeNames,
  )
}

function draw(side: number, generator: Generator): DetectionSample {
  const data = new Uint8Array(side * side * 3)
  const ground = [0, 1, 2].map(() => generator.uniform(0, 120))
  for (let i = 0; i < data.length; i++) data[i] = ground[i % 3]! + generator.uniform(0, 30)
  const objects: ObjectBox[] = []
  const wanted = 1 + generator.integer(3)
  for (let attempt = 0; attempt < 20 && objects.length < wanted; attempt++) {
    const width = Math.round(side * generator.uniform(0.15, 0.45))
    const height = Math.round(width * generator.uniform(0.8, 1.25))
    const [x, y] = [generator.integer(side - width), generator.integer(side - height)]
    const apart = objects.every(
      ({ box }) => x > box[2] || x + width < box[0] || y > box[3] || y + height < box[1],
    )
    if (!apart) continue
    const label = generator.integer(shapeNames.length)
    const color = [0, 1, 2].map(() => generator.uniform(160, 255))
    color[generator.integer(3)] = generator.uniform(0, 255)
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const [u, v] = [(2 * column + 1) / width - 1, (2 * row + 1) / height - 1]
        if (!inside[label]!(u, v)) continue
        for (let c = 0; c < 3; c++) data[((y + row) * side + x + column) * 3 + c] = color[c]!
      }
    }
    objects.push({ label, box: [x, y, x + width, y + height] })
  }
  return { image: makeImage(side, side, 3, data), objects }
}
