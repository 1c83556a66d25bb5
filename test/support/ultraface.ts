import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { readImage } from '../../src/data/node.ts'
import { createGraphNetwork } from '../../src/onnx/index.ts'
import { type Tensor, tensor } from '../../src/tensor/index.ts'
import { compose, normalize, resize, toTensor } from '../../src/transforms/index.ts'
import type { Checkpoint } from '../../src/weights/index.ts'
import { sharedPath } from './shared.ts'

/** A photograph of faces as UltraFace wants it: [1, 3, 240, 320], (x - 127) / 128. */
export async function facesInput(): Promise<Float32Array> {
  const path = sharedPath('assets', 'images', 'scenes', 'faces-1.jpg')!
  const steps = [resize([240, 320]), toTensor({ range: 255 }), normalize([127, 127, 127], [128, 128, 128])]
  const image = compose(steps).apply(await readImage(path))
  const out = new Float32Array(3 * 240 * 320)
  for (let i = 0; i < 240 * 320; i++)
    for (let c = 0; c < 3; c++) out[c * 240 * 320 + i] = image.data[3 * i + c]!
  return out
}

/** Scores [4420, 2] and boxes [4420, 4]. */
export interface Faces {
  readonly scores: Float32Array
  readonly boxes: Float32Array
}

/** What a network read from a file makes of an input. */
export async function detectFaces(checkpoint: Checkpoint, input: Float32Array): Promise<Faces> {
  const network = await createGraphNetwork(await checkpoint.network!())
  network.eval()
  const outputs = network.forwardAll(tensor(input, [1, 3, 240, 320]))
  const named = (name: string): Tensor => outputs[network.outputNames.indexOf(name)]!
  return {
    scores: (await named('scores').data()) as Float32Array,
    boxes: decodeBoxes((await named('boxes').data()) as Float32Array),
  }
}

/**
 * Corners of boxes from what the network says of its anchors, which the ONNX file does itself and the others leave to the
 * program around them: anchors of each cell of four feature maps, their sizes over the image's.
 */
function decodeBoxes(locations: Float32Array): Float32Array {
  const levels: readonly (readonly [step: number, sides: readonly number[]])[] = [
    [8, [10, 16, 24]],
    [16, [32, 48]],
    [32, [64, 96]],
    [64, [128, 192, 256]],
  ]
  const clamp = (value: number): number => Math.min(1, Math.max(0, value))
  const out = new Float32Array(locations.length)
  let at = 0
  for (const [step, sides] of levels) {
    const [rows, columns] = [Math.ceil(240 / step), Math.ceil(320 / step)]
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        for (const side of sides) {
          const [w, h] = [clamp(side / 320), clamp(side / 240)]
          const [dx, dy, dw, dh] = locations.subarray(at, at + 4) as unknown as [
            number,
            number,
            number,
            number,
          ]
          const x = dx * 0.1 * w + (j + 0.5) / columns
          const y = dy * 0.1 * h + (i + 0.5) / rows
          const [width, height] = [Math.exp(dw * 0.2) * w, Math.exp(dh * 0.2) * h]
          out.set([x - width / 2, y - height / 2, x + width / 2, y + height / 2], at)
          at += 4
        }
      }
    }
  }
  return out
}

const runtime = resolve(import.meta.dirname, '../../bench/node_modules/onnxruntime-node/dist/index.js')

export const hasOnnxRuntime: boolean = existsSync(runtime)

/** What ONNX Runtime makes of the same input with the ONNX file of the network. */
export async function detectFacesByOnnxRuntime(input: Float32Array): Promise<Faces> {
  const ort = createRequire(import.meta.url)(runtime)
  const session = await ort.InferenceSession.create(
    sharedPath('assets', 'weights', 'ultraface-RFB-320.onnx'),
    {
      logSeverityLevel: 3,
    },
  )
  const results = await session.run({ input: new ort.Tensor('float32', input, [1, 3, 240, 320]) })
  return { scores: results.scores.data, boxes: results.boxes.data }
}

export function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)
}

/** How many anchors are taken for a face. */
export function facesAbove(faces: Faces, threshold: number): number {
  return faces.scores.filter((score, i) => i % 2 === 1 && score > threshold).length
}
