// Fine-tuning: a pretrained network learns the classes of a folder, first its classifier alone, then its last stages.
//   node examples/fine-tune.js flowers/ mobilenet_v2 mobilenet_v2.pth
import {
  createModel,
  data,
  frozenNormalization,
  manualSeed,
  modelMetadata,
  optim,
  parameterGroups,
  transforms,
  unfreezeStages,
} from 'ocelli'
import { imageFolder } from 'ocelli/data/node'
import { train } from 'ocelli/train'
import { loadStateDictFile, saveSafetensors } from 'ocelli/weights/node'

const [folder, name = 'squeezenet1_1', weights] = process.argv.slice(2)
if (folder === undefined) {
  console.error(
    'usage: node examples/fine-tune.js FOLDER [MODEL [WEIGHTS]]; FOLDER holds a folder of images for each class',
  )
  process.exit(2)
}

manualSeed(1)
const { preprocessing } = modelMetadata(name)
const { mean = transforms.imagenetMean, std = transforms.imagenetStd } = preprocessing
const images = await imageFolder(folder)
const [training, validation] = data.randomSplit(images, [0.8, 0.2])
const seenInTraining = transforms.compose([
  transforms.randomResizedCrop(224, { scale: [0.5, 1] }),
  transforms.randomHorizontalFlip(),
  transforms.toTensor(),
  transforms.normalize(mean, std),
])
const seenInValidation = transforms.evaluationTransform(preprocessing)

const model = await createModel(name)
if (weights !== undefined) model.loadStateDict((await loadStateDictFile(weights)).tensors)
model.freeze()
model.resetClassifier(images.classes.length)

/** @param {number} lr @param {number} epochs */
async function run(lr, epochs) {
  await train({
    model,
    optimizer: optim.adamW(parameterGroups(model, { lr, stageDecay: 0.5, weightDecay: 0.01 }), { lr }),
    train: new data.DataLoader(withTransform(training, seenInTraining), { batchSize: 16, shuffle: true }),
    validation: new data.DataLoader(withTransform(validation, seenInValidation), { batchSize: 16 }),
    evaluationModules: frozenNormalization(model),
    epochs,
    onEpoch: ({ epoch, train, validation }) =>
      console.log(
        `epoch ${epoch}  loss ${train.loss.toFixed(3)}  validation ${validation?.accuracy.toFixed(3)}`,
      ),
  })
}

/** @param {data.Dataset} dataset @param {transforms.Transform} transform */
function withTransform(dataset, transform) {
  return data.mapDataset(dataset, ({ image, label }, generator) => ({
    image: transform.apply(image, generator),
    label,
  }))
}

console.log('the classifier alone')
await run(1e-3, 2)
unfreezeStages(model, 2)
console.log('with the last two stages')
await run(1e-4, 1)
await saveSafetensors('fine-tuned.safetensors', model.stateDict())
console.log('saved fine-tuned.safetensors')
