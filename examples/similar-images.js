// A network as a descriptor: which images of a folder look like the first one?
//   node examples/similar-images.js squeezenet1_1 squeezenet1_1.pth photographs/
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createModel, data, F, modelMetadata, noGrad, transforms } from 'ocelli'
import { readImage } from 'ocelli/data/node'
import { loadStateDictFile } from 'ocelli/weights/node'

const [name, weights, folder] = process.argv.slice(2)
if (name === undefined || weights === undefined || folder === undefined) {
  console.error('usage: node examples/similar-images.js MODEL WEIGHTS FOLDER')
  process.exit(2)
}

const model = await createModel(name)
model.loadStateDict((await loadStateDictFile(weights)).tensors)
model.eval()

const transform = transforms.evaluationTransform(modelMetadata(name).preprocessing)
const files = (await readdir(folder)).filter((file) => /\.(jpe?g|png)$/i.test(file)).sort()
const images = await Promise.all(
  files.map(async (file) => transform.apply(await readImage(join(folder, file)))),
)

// [images, channels], each row of length 1, so that products are cosines.
const descriptors = noGrad(() => {
  const features = model.forwardFeatures(data.stackImages(images))
  return F.normalize(model.forwardHead(features, { preLogits: true }))
})
const cosines = await descriptors.slice(0).matmul(descriptors.transpose(0, 1)).data()

console.log(`most like ${files[0]}:`)
const order = files.map((_, i) => i).sort((a, b) => cosines[b] - cosines[a])
for (const i of order.slice(1, 4)) console.log(`  ${cosines[i].toFixed(3)}  ${files[i]}`)
