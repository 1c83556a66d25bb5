import { describe, expect, it } from 'vitest'
import { openCheckpointFile } from '../../src/weights/file.ts'
import { sharedPath } from '../support/shared.ts'
import {
  detectFaces,
  detectFacesByOnnxRuntime,
  facesAbove,
  facesInput,
  hasOnnxRuntime,
  largestDifference,
} from '../support/ultraface.ts'

const assets = sharedPath('assets')

describe.skipIf(assets === undefined)('networks of Caffe', () => {
  it.skipIf(!hasOnnxRuntime).each(['caffemodel', 'prototxt'])(
    'find the faces that the same network as ONNX finds, by their .%s',
    async (extension) => {
      const file = await openCheckpointFile(`${assets}/weights/ultraface-RFB-320.${extension}`)
      expect([file.format, file.tensors.size]).toEqual(['caffe', 104])
      const input = await facesInput()
      const wanted = await detectFacesByOnnxRuntime(input)
      const found = await detectFaces(file, input)
      await file.close()
      expect(facesAbove(found, 0.7)).toBe(86)
      expect(largestDifference(found.scores, wanted.scores)).toBeLessThan(1e-5)
      expect(largestDifference(found.boxes, wanted.boxes)).toBeLessThan(1e-5)
    },
  )
})
