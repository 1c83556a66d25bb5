import { describe, expect, it } from 'vitest'
import { ocelli, temporaryFolder } from '../support/command-line.ts'
import { sharedPath } from '../support/shared.ts'

const cwd = temporaryFolder()
const photographs = sharedPath('assets/images/imagenet')
const weights = sharedPath('assets/weights')

interface Accuracy {
  readonly top1: number
  readonly top5: number
}

async function evaluated(
  file: string,
  ...options: string[]
): Promise<Accuracy & { readonly stderr: string }> {
  const args = ['eval', '--data', photographs!, '--weights', file, ...options, '--json']
  const { code, stdout, stderr } = await ocelli(args, { cwd })
  expect(code, stderr).toBe(0)
  const { top1, top5 } = JSON.parse(stdout) as Accuracy
  return { top1, top5, stderr }
}

/** As Caffe's networks want their images. */
const caffe = ['--squash', '--resize', '256', '--image-size', '227', '--channel-order', 'bgr']
const caffeValues = ['--range', '255', '--mean', '104,117,123', '--std', '1']

describe.skipIf(photographs === undefined)('networks that their files hold', () => {
  it('recognise photographs as published, of ncnn', async () => {
    const { top1, top5, stderr } = await evaluated(
      `${weights}/squeezenet_v1.1.ncnn.param`,
      ...caffe,
      ...caffeValues,
    )
    expect([top1, top5]).toEqual([0.68, 0.87])
    expect(stderr).toContain("does not say how its images are prepared: ImageNet's usual way is taken")
  }, 120_000)

  it("give their weights to the registry's network of the same layers", async () => {
    const file = `${weights}/squeezenet_v1.1.ncnn.param`
    const { top1, top5, stderr } = await evaluated(file, '-m', 'squeezenet1_1', ...caffe, ...caffeValues)
    expect([top1, top5]).toEqual([0.68, 0.87])
    expect(stderr).toContain('its tensors are taken in their order')
  }, 120_000)

  it('recognise photographs as published, of TensorFlow Lite, and as ONNX after conversion', async () => {
    const file = `${weights}/tflite-coral/mobilenet_v1_0.25_128_quant.tflite`
    const images = ['--resize', '146', '--image-size', '128', '--mean', '0.5', '--std', '0.5']
    const { top1, top5 } = await evaluated(file, ...images)
    expect([top1, top5]).toEqual([0.53, 0.76])
    const { code, stderr } = await ocelli(['convert', file, 'mobilenet.onnx'], { cwd })
    expect(code, stderr).toBe(0)
    const converted = await evaluated('mobilenet.onnx', ...images)
    expect([converted.top1, converted.top5]).toEqual([0.53, 0.76])
  }, 120_000)

  it.each([
    [
      'mlperftiny-resnet8-cifar10.keras.h5',
      ['--image-size', '32', '--range', '255', '--mean', '0', '--std', '1'],
    ],
    ['darknet-tiny.tfjs/model.json', ['--image-size', '224', '--mean', '0', '--std', '1']],
    ['mlperftiny-resnet8-cifar10.float.tflite', ['--image-size', '32']],
  ])('run, of %s', async (file, options) => {
    const args = [
      'predict',
      `${photographs}/n01440764_tench.jpg`,
      '-w',
      `${weights}/${file}`,
      ...options,
      '--json',
    ]
    const { code, stdout, stderr } = await ocelli(args, { cwd })
    expect(code, stderr).toBe(0)
    const { predictions } = JSON.parse(stdout) as { predictions: { probability: number }[] }
    const sum = predictions.reduce((total, { probability }) => total + probability, 0)
    expect(predictions).toHaveLength(5)
    expect(sum).toBeGreaterThan(0.3)
    expect(sum).toBeLessThan(1.0001)
  })

  it('are no classifiers where they give boxes, which is said', async () => {
    const args = ['predict', `${photographs}/n01440764_tench.jpg`, '-w', `${weights}/ultraface-RFB-320.onnx`]
    const { code, stderr } = await ocelli(args, { cwd })
    expect(code).toBe(1)
    expect(stderr).toContain('ultraface-RFB-320.onnx')
    expect(stderr).not.toContain('    at ')
  })
})
