export { checkpointRegion, gradients } from './gradients.ts'
