// A fresh process, from weights on disk to predictions: arguments are the network, the size of its images and the file.
import { compile, createModel, noGrad, tensor } from '../../dist/index.js'
import { loadStateDictFile } from '../../dist/weights/file.js'
import { report } from './report.mjs'

const [network, size, file] = process.argv.slice(2)
const model = await createModel(network)
model.loadStateDict((await loadStateDictFile(file)).tensors, { assign: true })
model.eval()
const x = tensor(new Float32Array(3 * size * size).fill(0.5), [1, 3, Number(size), Number(size)])
const forward = compile((images) => noGrad(() => model.forward(images)))
await report(async () => (await forward(x)).data())
