export { HubError, type HubErrorOptions } from './errors.ts'
export { type OpenedWeights, type WeightLoader, weightLoader } from './loader.ts'
export type { DownloadProgress, HubOptions } from './options.ts'
export { type FileIdentity, isRemote, type RemoteFile, resolveReference } from './reference.ts'
