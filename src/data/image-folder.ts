import { join } from 'node:path'
import { DataError } from './errors.ts'
import { imageKinds, isImageName, listFolder } from './folder.ts'
import { type ImageDataset, type ImageListOptions, imageList, type LabelledImage } from './image-list.ts'

export interface ImageFolderOptions extends ImageListOptions {
  /** The classes in the order of the labels, such as those a network was trained on; the sub-folders unless given. */
  readonly classes?: readonly string[]
}

/**
 * Images in one sub-folder a class, as torchvision's `ImageFolder`: classes are the sub-folders' names in sorted order,
 * images in folders below belong to the class too. Hidden files and folders do not count. Throws a DataError naming a
 * folder that is empty or a class that has no image.
 */
export async function imageFolder(root: string, options: ImageFolderOptions = {}): Promise<ImageDataset> {
  const { folders, files } = await listFolder(root)
  const { classes = folders } = options
  if (folders.length === 0) {
    const images = files.filter(isImageName).length
    throw new DataError(
      root,
      images > 0
        ? `holds ${images} images but no class folders; put the images of each class into a folder of its own`
        : files.length > 0
          ? 'holds neither class folders nor images'
          : 'is empty; each class needs a folder with its images there',
    )
  }
  const images: LabelledImage[] = []
  for (const name of folders) {
    const label = classes.indexOf(name)
    if (label < 0) {
      throw new DataError(
        join(root, name),
        `is none of the ${classes.length} classes; rename or remove the folder`,
      )
    }
    const paths = await imagesBelow(join(root, name))
    if (paths.length === 0) {
      throw new DataError(
        join(root, name),
        `the class ${name} has no images (${imageKinds}); add some or remove the folder`,
      )
    }
    for (const path of paths) images.push({ path, label })
  }
  return imageList(root, images, classes, options)
}

async function imagesBelow(folder: string): Promise<string[]> {
  const { folders, files } = await listFolder(folder)
  const paths = files.filter(isImageName).map((name) => join(folder, name))
  for (const name of folders) paths.push(...(await imagesBelow(join(folder, name))))
  return paths
}
