// What is on photographs, with published weights from a file: .pth, .pt, .th or .safetensors.
//   node examples/classify.js squeezenet1_1 squeezenet1_1.pth dog.jpg cat.jpg
import { classLabels, createModel, data, F, modelMetadata, noGrad, transforms } from 'ocelli'
import { readImage } from 'ocelli/data/node'
import { loadStateDictFile } from 'ocelli/weights/node'

const [name, weights, ...photographs] = process.argv.slice(2)
if (name === undefined || weights === undefined || photographs.length === 0) {
  console.error('usage: node examples/classify.js MODEL WEIGHTS PHOTOGRAPH...')
  process.exit(2)
}

const model = await createModel(name)
model.loadStateDict((await loadStateDictFile(weights)).tensors)
model.eval()

// The network's metadata knows the size, mean and standard deviation that its images want.
const transform = transforms.evaluationTransform(modelMetadata(name).preprocessing)
const images = await Promise.all(photographs.map(async (path) => transform.apply(await readImage(path))))
const probabilities = noGrad(() => F.softmax(model.forward(data.stackImages(images)), 1))

const { values, indices } = probabilities.topk(3)
const [top, classes] = [await values.data(), await indices.data()]
const labels = await classLabels('imagenet-1k')
for (const [i, path] of photographs.entries()) {
  console.log(path)
  for (let k = 3 * i; k < 3 * i + 3; k++) {
    console.log(`  ${(100 * top[k]).toFixed(1).padStart(5)} %  ${labels[classes[k]].name}`)
  }
}
