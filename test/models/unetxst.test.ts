import { describe, expect, it } from 'vitest'
import { HomographyWarp } from '../../src/models/blocks/index.ts'
import { createModel } from '../../src/models/index.ts'
import { cameraSetups } from '../../src/models/unetxst-cameras.ts'
import { grad, ones, type Tensor, tensor, variable, zeros } from '../../src/tensor/index.ts'

/** Rows of the image of 4x6 pixels whose values are 10 row + column. */
const ramp = (): Tensor =>
  tensor(
    Float32Array.from({ length: 24 }, (_, i) => 10 * Math.floor(i / 6) + (i % 6)),
    [1, 1, 4, 6],
  )

async function warped(...homography: ConstructorParameters<typeof HomographyWarp>[0]): Promise<number[][]> {
  const values = await (new HomographyWarp(homography).forward(ramp()) as Tensor).data()
  return [0, 1, 2, 3].map((row) =>
    [...values.subarray(6 * row, 6 * row + 6)].map((v) => Number(v.toFixed(4))),
  )
}

describe('the view through a homography', () => {
  it('stretches by the size over the size less one, as the reference does', async () => {
    // Column j comes from 6 j / 5, row i from 4 i / 3; what comes from beyond the last pixel's centre is 0.
    expect(await warped(1, 0, 0, 0, 1, 0, 0, 0, 1)).toEqual([
      [0, 1.2, 2.4, 3.6, 4.8, 0],
      [13.3333, 14.5333, 15.7333, 16.9333, 18.1333, 0],
      [26.6667, 27.8667, 29.0667, 30.2667, 31.4667, 0],
      [0, 0, 0, 0, 0, 0],
    ])
  })

  it('sees what lies at constant positions, and nothing outside', async () => {
    // x = 0 is the middle, column 3; y = -0.5 is row 1.
    const rows = await warped(0, 0, 0, 0, 0, -0.5, 0, 0, 1)
    expect(new Set(rows.flat())).toEqual(new Set([13]))
    expect(new Set((await warped(0, 0, 3, 0, 0, 0, 0, 0, 1)).flat())).toEqual(new Set([0]))
    // Not quite a column to the left of the first: extrapolated, 0 - 0.6.
    expect(new Set((await warped(0, 0, -1.2, 0, 0, -1, 0, 0, 1)).flat())).toEqual(new Set([-0.6]))
    expect(new Set((await warped(0, 0, -1.4, 0, 0, -1, 0, 0, 1)).flat())).toEqual(new Set([0]))
  })

  it('divides by the third coordinate', async () => {
    expect(await warped(2, 0, 0, 0, 2, 0, 0, 0, 2)).toEqual(await warped(1, 0, 0, 0, 1, 0, 0, 0, 1))
    // Where it is 0 there is nothing to see.
    expect((await warped(1, 0, 0, 0, 0, 0, 1, 0, 1)).map((row) => row[0])).toEqual([0, 0, 0, 0])
  })

  it('gives back to each pixel what was taken from it', async () => {
    const x = variable(await ramp().data(), [1, 1, 4, 6], { requiresGrad: true })
    const [gradient] = grad((new HomographyWarp([0, 0, 0, 0, 0, -0.5, 0, 0, 1]).forward(x) as Tensor).sum(), [
      x,
    ])
    const values = [...(await gradient!.data())]
    expect(values[9]).toBe(24)
    expect(values.reduce((a, b) => a + b)).toBe(24)
  })
})

describe('uNetXST', () => {
  it('gives a score of each class for each pixel, none below zero', async () => {
    const network = (await createModel('unetxst_f', { baseWidth: 2 })).eval()
    const scores = network.forward(ones([1, 10, 32, 48]))
    expect(scores.shape).toEqual([1, 4, 32, 48])
    expect(Math.min(...(await scores.data()))).toBe(0)
  })

  it('has the parameters of the reference with both kinds of skip connections', async () => {
    const network = await createModel('unetxst_frlr', { doubleSkipConnection: true })
    expect(network.parameters().reduce((sum, { size }) => sum + size, 0)).toBe(15_931_930)
  })

  it('has cameras, classes and weights that belong together', async () => {
    for (const [name, setup] of Object.entries(cameraSetups)) {
      expect(setup.classWeights).toHaveLength(setup.classes.length)
      expect((await createModel(name)).numClasses).toBe(setup.classes.length)
    }
    const { homographies } = cameraSetups.unetxst_frlr
    const network = await createModel('unetxst_frlr', {
      homographies: homographies.slice(0, 2),
      baseWidth: 2,
    })
    expect(network.eval().forward(zeros([1, 20, 16, 16])).shape).toEqual([1, 10, 16, 16])
  })

  it('refuses sizes that its levels do not divide, and fewer channels than cameras', async () => {
    const network = (await createModel('unetxst_f', { baseWidth: 2 })).eval()
    expect(() => network.forward(zeros([1, 10, 40, 32]))).toThrow(/\n {2}in /)
    await expect(createModel('unetxst_frlr', { inChannels: 3 })).rejects.toThrow(
      'all 4 cameras together, got 3',
    )
  })
})
