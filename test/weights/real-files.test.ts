import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { crc32 } from '../../src/weights/crc32.ts'
import { loadStateDictFile, openCheckpointFile } from '../../src/weights/file.ts'
import { toFloat32 } from '../../src/weights/state-dict.ts'
import { sharedPath } from '../support/shared.ts'

const folder = sharedPath('assets', 'weights')

/** Tensors, and the CRC-32 over the names and little-endian values in order, as torch.load and zlib give them. */
const files: [path: string, tensors: number, crc: number, key: string][] = [
  ['squeezenet1_1-mxnet.torchvision.pth', 52, 0xdc136ca1, ''],
  ['cifar10-resnet20-12fca82f.pth', 97, 0xe1e3c53c, 'state_dict'],
  ['cifar10-resnet32-d509ac18.pth', 157, 0xca4582a9, 'state_dict'],
  ['cifar10-resnet44-014dd654.pth', 217, 0x69886095, 'state_dict'],
  ['mnist-cnn-burn.pt', 20, 0x3971b76e, ''],
  ['proxyless-w0.25-r112_imagenet.pth', 368, 0x603aaa16, 'state_dict'],
  ['ultraface-RFB-320.pth', 244, 0x9977e840, ''],
  ['segmentation/dicenet_s_0.2_pascal_256x256.pth', 584, 0x1e79f4d6, ''],
  ['segmentation/dicenet_s_0.75_pascal_256x256.pth', 584, 0xb49f569d, ''],
]

describe.skipIf(folder === undefined)('published checkpoints', () => {
  it.each(files)('%s is read as torch.load reads it', async (path, count, crc, key) => {
    const loaded = await loadStateDictFile(`${folder}/${path}`)
    expect(loaded.key).toBe(key)
    expect(loaded.tensors.size).toBe(count)
    const parts = [...loaded.tensors].flatMap(([name, tensor]) => [
      new TextEncoder().encode(name),
      tensor.bytes(),
    ])
    expect(crc32(Buffer.concat(parts))).toBe(crc)
  })

  it('have their best accuracy beside the weights', async () => {
    const { values } = await loadStateDictFile(`${folder}/cifar10-resnet20-12fca82f.pth`)
    expect({ ...values }).toEqual({ best_prec1: 91.78000183105469 })
  })

  it('are the same in both formats', async () => {
    const name = `${folder}/squeezenet1_1-mxnet.torchvision`
    const torch = await loadStateDictFile(`${name}.pth`)
    const safe = await loadStateDictFile(`${name}.safetensors`)
    expect([torch.format, safe.format]).toEqual(['pytorch-zip', 'safetensors'])
    expect([...torch.tensors.keys()].sort()).toEqual([...safe.tensors.keys()].sort())
    for (const [key, tensor] of torch.tensors) {
      const other = safe.tensors.get(key)!
      expect([key, tensor.dtype, tensor.shape]).toEqual([key, other.dtype, other.shape])
      expect(Buffer.compare(tensor.bytes(), other.bytes())).toBe(0)
    }
  })

  it('are all finite safetensors with as many bytes as their shapes say', async () => {
    for (const name of [
      'darknet-tiny.wnid-order',
      'mnist-cnn-burn',
      'mobilenet_v1_0.25_224-google-qat',
      'mobilenet_v2_1.0_224-google-qat.torchvision',
    ]) {
      const { tensors } = await loadStateDictFile(`${folder}/${name}.safetensors`)
      expect(tensors.size).toBeGreaterThan(10)
      for (const tensor of tensors.values()) expect(toFloat32(tensor).every(Number.isFinite)).toBe(true)
    }
  })

  it('give a single tensor without the rest', async () => {
    const path = `${folder}/mnist-cnn-burn.pt`
    const file = await openCheckpointFile(path)
    const weight = await file.tensors.get('conv1.weight')!.read()
    await file.close()
    expect(weight.shape).toEqual([8, 1, 3, 3])
    expect([...toFloat32(weight).subarray(0, 4)]).toEqual([
      0.16227687895298004, -0.23659370839595795, -0.1827152669429779, 0.18840016424655914,
    ])
    expect(readFileSync(path).length).toBeGreaterThan(1_000_000)
  })
})
