import { describe, expect, it } from 'vitest'
import { createGraphNetwork } from '../../src/onnx/index.ts'
import { openCheckpointFile } from '../../src/weights/file.ts'
import { photographsRecognised } from '../support/photographs.ts'
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

describe.skipIf(assets === undefined)('networks of ncnn', () => {
  it('recognise as many photographs as the index of SqueezeNet says', async () => {
    const file = await openCheckpointFile(`${assets}/weights/squeezenet_v1.1.ncnn.param`)
    expect(file.format).toBe('ncnn')
    expect(file.tensors.size).toBe(52)
    const first = file.tensors.get('conv1.weight')!
    expect([first.dtype, first.shape]).toEqual(['F16', [64, 3, 3, 3]])
    const network = await createGraphNetwork(await file.network!())
    expect([...network.parameters()].length).toBe(52)
    const recognised = await photographsRecognised(network, `${assets}/images/imagenet`, {
      inputSize: 227,
      resize: [256, 256],
      range: 255,
      channelOrder: 'bgr',
      mean: [104, 117, 123],
      std: [1, 1, 1],
    })
    expect(recognised).toEqual([68, 87])
    await file.close()
  })

  it.skipIf(!hasOnnxRuntime)('find the faces that the same network as ONNX finds', async () => {
    const input = await facesInput()
    const wanted = await detectFacesByOnnxRuntime(input)
    const file = await openCheckpointFile(`${assets}/weights/ultraface-RFB-320.ncnn.bin`)
    const found = await detectFaces(file, input)
    await file.close()
    expect(facesAbove(found, 0.7)).toBe(86)
    expect(largestDifference(found.scores, wanted.scores)).toBeLessThan(1e-5)
    expect(largestDifference(found.boxes, wanted.boxes)).toBeLessThan(1e-5)
  })
})
