import { expect, it } from 'vitest'
import { createModel } from '../../src/models/index.ts'
import { zeros } from '../../src/tensor/index.ts'

it.each([
  [63, true],
  [64, true],
  [70, true],
  [71, false],
  [90, false],
])('Inception V2 with images of %i pixels: %s', async (side, fits) => {
  const network = (await createModel('bninception', { numClasses: 4 })).eval()
  const images = zeros([1, 3, side, 96])
  if (fits) expect(network.forward(images).shape).toEqual([1, 4])
  else expect(() => network.forward(images)).toThrow(/concat.*\n(.*\n)*.*in /)
})
