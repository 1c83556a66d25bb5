/** A network's own name for each layer of Keras' definition of it; null for layers that it has not. */
type Rename = (layer: string) => string | null

const units = [1, 2, 2, 6, 2]

/** The stage and unit of the 13 separable convolutions of MobileNet. */
function mobileNetUnit(number: number): string | null {
  let before = 0
  for (const [stage, count] of units.entries()) {
    if (number <= before + count) return `features.stage${stage + 1}.unit${number - before}`
    before += count
  }
  return null
}

const mobileNet: Rename = (layer) => {
  if (layer === 'conv1') return 'features.init_block.conv'
  if (layer === 'conv1_bn') return 'features.init_block.bn'
  if (layer === 'conv_preds') return 'output'
  const [, kind, number, norm] = /^conv_(dw|pw)_(\d+)(_bn)?$/.exec(layer) ?? []
  const unit = number === undefined ? null : mobileNetUnit(Number(number))
  return unit === null ? null : `${unit}.${kind}_conv.${norm === undefined ? 'conv' : 'bn'}`
}

/** Keras counts the paper's blocks from the stem; here block2 of Keras is block1. */
function xceptionLayer(layer: string): string | null {
  const stem = /^block1_conv([12])(_bn)?$/.exec(layer)
  if (stem !== null) return `${stem[2] === undefined ? 'conv' : 'bn'}${stem[1]}`
  const last = /^block14_sepconv([12])(_bn)?$/.exec(layer)
  if (last !== null) return `${last[2] === undefined ? 'conv' : 'bn'}${Number(last[1]) + 2}`
  const [, block, which, norm] = /^block(\d+)_sepconv(\d)(_bn)?$/.exec(layer) ?? []
  if (block === undefined) return layer === 'predictions' ? 'fc' : null
  // A rectifier comes before each convolution but the first of all.
  const at = 3 * (Number(which) - 1) + (block === '2' ? 0 : 1) + (norm === undefined ? 0 : 1)
  return `block${Number(block) - 1}.rep.${at}`
}

/** Shortcuts have no names of their own in Keras: they are numbered as they were made, from 0 or from 1. */
function xceptionShortcuts(layers: readonly string[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const [prefix, own] of [
    ['conv2d', 'skip'],
    ['batch_normalization', 'skipbn'],
  ] as const) {
    const numberOf = (name: string): number => Number(name.slice(prefix.length + 1))
    const numbered = layers.filter((name) => new RegExp(`^${prefix}(_\\d+)?$`).test(name))
    numbered.sort((a, b) => numberOf(a) - numberOf(b))
    for (const [i, block] of [1, 2, 3, 12].entries()) {
      const name = numbered[i]
      if (name !== undefined) names.set(name, `block${block}.${own}`)
    }
  }
  return names
}

/**
 * What the network calls each tensor of a file of Keras' own definition of it (keras.applications), by the name that
 * `openCheckpoint` gives it; null where the network is not one of Keras', or a tensor is none of its.
 * @param model A name of the registry. @param names Of the file's tensors.
 */
export function namesFromKeras(model: string, names: readonly string[]): ReadonlyMap<string, string> | null {
  const layerOf = (name: string): string => name.slice(0, name.indexOf('.'))
  let rename: Rename
  if (/^mobilenet_w(1|3d4|d2|d4)$/.test(model)) rename = mobileNet
  else if (model === 'legacy_xception') {
    const shortcuts = xceptionShortcuts([...new Set(names.map(layerOf))])
    rename = (layer) => shortcuts.get(layer) ?? xceptionLayer(layer)
  } else return null
  const renamed = new Map<string, string>()
  for (const name of names) {
    const layer = layerOf(name)
    const own = rename(layer)
    if (own === null) return null
    // The two convolutions of a separable one.
    const rest = name.slice(layer.length).replace(/^\.depthwise\./, '.conv1.')
    renamed.set(name, own + rest)
  }
  return renamed
}
