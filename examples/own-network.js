// A network of your own, trained on the built-in digits, tested and saved. Seconds on two cores.
//   node examples/own-network.js
import { data, manualSeed, nn, optim, print, transforms } from 'ocelli'
import { evaluate, train } from 'ocelli/train'
import { saveSafetensors } from 'ocelli/weights/node'

class SmallNet extends nn.Module {
  features = new nn.Sequential(
    new nn.Conv2d(1, 16, 3, { padding: 1 }),
    new nn.BatchNorm2d(16),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Conv2d(16, 32, 3, { padding: 1 }),
    new nn.BatchNorm2d(32),
    new nn.ReLU(),
    new nn.AdaptiveAvgPool2d(4),
    new nn.Flatten(),
  )
  classifier = new nn.Linear(32 * 4 * 4, 10)

  /**
   * @override
   * @param {import('ocelli').Tensor} x
   */
  forward(x) {
    return this.classifier.forward(this.features.forward(x))
  }
}

manualSeed(1)
const transform = transforms.compose([transforms.toTensor(), transforms.normalize([0.5], [0.5])])
const training = data.digits({ train: true, size: 5000, transform })
const testing = data.digits({ train: false, size: 1000, transform })

const model = new SmallNet()
print(model)

const optimizer = optim.adam(model.parameters(), { lr: 0.002 })
const epochs = 3
await train({
  model,
  optimizer,
  scheduler: new optim.CosineAnnealingLR(optimizer, { tMax: epochs }),
  train: new data.DataLoader(training, { batchSize: 64, shuffle: true }),
  validation: new data.DataLoader(testing, { batchSize: 200 }),
  epochs,
  onEpoch: ({ epoch, train, validation }) => {
    const percent = (100 * (validation?.accuracy ?? 0)).toFixed(1)
    console.log(`epoch ${epoch}  loss ${train.loss.toFixed(3)}  test accuracy ${percent} %`)
  },
})

const { accuracy } = await evaluate(model, new data.DataLoader(testing, { batchSize: 200 }))
await saveSafetensors('small-net.safetensors', model.stateDict())
console.log(`${(100 * accuracy).toFixed(1)} % of the test images; saved small-net.safetensors`)
