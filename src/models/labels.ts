/** A class as data sets call it and as people do. */
export interface ClassLabel {
  /** The name of its folder or the beginning of its files' names, such as WordNet's n01440764. */
  readonly id: string
  readonly name: string
}

export type LabelSet = 'imagenet-1k' | 'cifar-10' | 'cifar-100' | 'coco' | 'voc' | 'digits' | 'chestx-ray14'

const cifar10 = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck']

/** The ten digits, as MNIST has them. */
const digits = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']

/** The findings of ChestX-ray14 in CheXNet's order; an image may show any number of them. */
const chestXray14 = [
  'Atelectasis',
  'Cardiomegaly',
  'Effusion',
  'Infiltration',
  'Mass',
  'Nodule',
  'Pneumonia',
  'Pneumothorax',
  'Consolidation',
  'Edema',
  'Emphysema',
  'Fibrosis',
  'Pleural_Thickening',
  'Hernia',
].map((id): ClassLabel => ({ id, name: id.replaceAll('_', ' ').toLowerCase() }))

/** The classes of a known data set in the order of the networks' outputs; loaded when asked for. */
export async function classLabels(set: LabelSet): Promise<readonly ClassLabel[]> {
  switch (set) {
    case 'imagenet-1k':
      return (await import('./labels/imagenet-1k.ts')).imagenet1k
    case 'cifar-10':
      return named(cifar10)
    case 'cifar-100':
      return named((await import('./labels/cifar-100.ts')).cifar100)
    case 'coco':
      return named((await import('./labels/coco.ts')).coco)
    case 'voc':
      return named((await import('../data/voc-classes.ts')).vocClasses)
    case 'digits':
      return named(digits)
    case 'chestx-ray14':
      return chestXray14
  }
}

function named(ids: readonly string[]): readonly ClassLabel[] {
  return ids.map((id) => ({ id, name: id.replaceAll('_', ' ') }))
}
