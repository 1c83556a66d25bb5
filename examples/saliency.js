// Which pixels decide? The gradient of the winning score with respect to the image, as a grey picture.
//   node examples/saliency.js squeezenet1_1 squeezenet1_1.pth dog.jpg saliency.png
import { createModel, data, grad, modelMetadata, transforms } from 'ocelli'
import { readImage } from 'ocelli/data/node'
import { loadStateDictFile } from 'ocelli/weights/node'
import sharp from 'sharp'

const [name, weights, photograph, out = 'saliency.png'] = process.argv.slice(2)
if (name === undefined || weights === undefined || photograph === undefined) {
  console.error('usage: node examples/saliency.js MODEL WEIGHTS PHOTOGRAPH [OUT.png]')
  process.exit(2)
}

const model = await createModel(name)
model.loadStateDict((await loadStateDictFile(weights)).tensors)
model.eval()

const transform = transforms.evaluationTransform(modelMetadata(name).preprocessing)
const image = data.stackImages([transform.apply(await readImage(photograph))])
image.requiresGrad = true
const [gradient] = grad(model.forward(image).max(), [image])

// [height, width]: the largest of the three channels, scaled to 0..255.
const strength = gradient.abs().max(1).squeeze(0)
const [height, width] = strength.shape
const bytes = Uint8Array.from(await strength.div(strength.max()).mul(255).data())
await sharp(bytes, { raw: { width, height, channels: 1 } })
  .png()
  .toFile(out)
console.log(`saved ${out}, ${width} x ${height}`)
