import { beforeAll, describe, expect, it } from 'vitest'
import { signedOf } from '../../scripts/golden.mjs'
import { captchaAlphabets } from '../../src/models/building-blocks.ts'
import { DeepCaptcha } from '../../src/models/deep-captcha.ts'
import { F } from '../../src/nn/index.ts'
import { adamax } from '../../src/optim/index.ts'
import { manualSeed, noGrad, stack, tensor } from '../../src/tensor/index.ts'

const count = 4
const letters = 5

beforeAll(() => {
  manualSeed(5)
})

describe('Deep-CAPTCHA', () => {
  it('has letters that cannot be mistaken for one another', () => {
    expect(captchaAlphabets.deep_captcha_alphanumeric).toHaveLength(31)
    expect(new Set(captchaAlphabets.deep_captcha_alphanumeric).size).toBe(31)
    for (const letter of 'ilo01') expect(captchaAlphabets.deep_captcha_alphanumeric).not.toContain(letter)
  })

  it('learns five letters a picture with Adamax', { timeout: 120_000 }, async () => {
    const network = new DeepCaptcha({ numClasses: 3, dropout: 0 })
    const x = tensor(signedOf('captcha', 'images', [count, 1, 25, 67]), [count, 1, 25, 67])
    // Picture i spells i, i + 1, … modulo 3, so that the letters differ within a picture and between pictures.
    const label = (image: number, letter: number): number => (image * (letter + 1)) % 3
    const targets = Array.from({ length: letters }, (_, letter) =>
      tensor(Int32Array.from({ length: count }, (_, image) => label(image, letter))),
    )
    const optimizer = adamax(network.parameters(), { lr: 2e-3 })
    network.train()
    for (let step = 0; step < 25; step++) {
      const loss = network
        .forwardAll(x)
        .map((logits, letter) => F.crossEntropy(logits, targets[letter]!))
        .reduce((a, b) => a.add(b))
      optimizer.zeroGrad()
      loss.backward()
      await optimizer.step()
    }
    network.eval()
    const read = noGrad(() => stack(network.forwardAll(x).map((logits) => logits.argmax(1))))
    expect([...(await read.data())]).toEqual([...(await stack(targets).data())])
  })
})
