export { decodeImage, ImageDecodeError, MissingDecoderError, readImage } from './decode.ts'
export { imageExtensions, writeImage } from './encode.ts'
export { isMnistFolder, type MnistOptions, mnist, readIdx } from './idx-files.ts'
export { type ImageFolderOptions, imageFolder } from './image-folder.ts'
export { type ImageDataset, type ImageListOptions, imageList, type LabelledImage } from './image-list.ts'
export { imageRows } from './image-rows.ts'
export {
  type LabelledImagesOptions,
  type LabelsFileOptions,
  labelledImages,
  prefixedImages,
} from './labelled-folder.ts'
export { type DatasetLayout, type OpenDatasetOptions, type OpenedDataset, openDataset } from './open.ts'
