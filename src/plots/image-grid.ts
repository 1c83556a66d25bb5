import { checkLength, checkNotEmpty, checkNumbers } from './check.ts'
import { colourAt, placeIn, scaleRange } from './colour-scale.ts'
import { type PngPixels, pngDataUri } from './png.ts'
import { coordinate, escapeXml, svgDocument, svgText } from './svg.ts'
import { textWidth } from './text.ts'
import { type ColourScale, colours, fontSize, titleSize } from './theme.ts'

/** A small picture: pixels row by row from the top, channels interleaved, as those of Ocelli's images. */
export interface GridImage {
  readonly data: ArrayLike<number>
  readonly width: number
  readonly height: number
  /** 1: grey or a feature map; 3: red, green, blue. */
  readonly channels: 1 | 3
}

export interface ImageGridOptions {
  readonly images: readonly GridImage[]
  readonly title?: string
  /** By default as many as make the grid about as wide as high, at most 10. */
  readonly columns?: number
  /** A text below each picture. */
  readonly captions?: readonly string[]
  /** Colours of pictures with one channel, default grey. */
  readonly scale?: ColourScale
  /**
   * Which numbers are darkest and brightest: two numbers, `each` picture's own smallest and largest, or those of `all` pictures
   * together. Default: 0 and 255 where all data are bytes (Uint8Array), else `all`. With the diverging scale, zero stays in the
   * middle.
   */
  readonly range?: readonly [min: number, max: number] | 'each' | 'all'
  /** Width of a picture as drawn, in pixels: default 32 to 160, such that the grid is about 720 wide. */
  readonly imageWidth?: number
}

interface Range {
  readonly min: number
  readonly max: number
}

const gap = 10
const margin = 16

function checkImage(image: GridImage, index: number): Range {
  const place = `imageGrid: images[${index}]`
  const { data, width, height, channels } = image
  if (channels !== 1 && channels !== 3) {
    throw new RangeError(
      `${place} has ${channels} channels: give each channel as a picture of its own, or 1 or 3`,
    )
  }
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
    throw new RangeError(`${place}: width and height must be positive integers, got ${width} x ${height}`)
  }
  checkLength(`${place}.data`, data.length, `${width} x ${height} x ${channels}`, width * height * channels)
  checkNumbers(`${place}.data`, data)
  let [min, max] = [data[0]!, data[0]!]
  for (let i = 1; i < data.length; i++) {
    min = Math.min(min, data[i]!)
    max = Math.max(max, data[i]!)
  }
  return { min, max }
}

const isBytes = ({ data }: GridImage): boolean =>
  data instanceof Uint8Array || data instanceof Uint8ClampedArray

function rangesOf({ images, range, scale = 'grey' }: ImageGridOptions, own: readonly Range[]): Range[] {
  const kind = range ?? (images.every(isBytes) ? ([0, 255] as const) : 'all')
  if (kind === 'each') return own.map((each) => scaleRange(scale, each))
  if (kind !== 'all') {
    const [min, max] = kind
    if (!(min < max)) throw new RangeError(`imageGrid: range must be [smaller, larger], got [${min}, ${max}]`)
    return own.map(() => ({ min, max }))
  }
  const min = own.reduce((least, each) => Math.min(least, each.min), Number.POSITIVE_INFINITY)
  const max = own.reduce((most, each) => Math.max(most, each.max), Number.NEGATIVE_INFINITY)
  return own.map(() => scaleRange(scale, { min, max }))
}

/** As bytes: grey and colour as they are, one channel on a scale of colours through that. */
function pixelsOf(image: GridImage, scale: ColourScale, range: Range): PngPixels {
  const { data, width, height, channels } = image
  const coloured = channels === 1 && scale !== 'grey'
  const bytes = new Uint8Array(width * height * (coloured ? 3 : channels))
  for (let i = 0; i < data.length; i++) {
    const place = Math.min(Math.max(placeIn(range, data[i]!), 0), 1)
    if (coloured) bytes.set(colourAt(scale, place), 3 * i)
    else bytes[i] = Math.round(255 * place)
  }
  return { data: bytes, width, height, channels: coloured ? 3 : channels }
}

/** As much of a caption as fits. */
function shortened(caption: string, width: number): string {
  if (textWidth(caption, fontSize - 1) <= width) return caption
  let kept = caption
  while (kept !== '' && textWidth(`${kept}…`, fontSize - 1) > width) kept = kept.slice(0, -1)
  return `${kept.trimEnd()}…`
}

/**
 * Pictures side by side with captions: samples of a data set, filters, feature maps. Pixels stay sharp however large they are
 * drawn. Each picture is a PNG inside the SVG: about as many bytes as it has pixels and channels.
 *
 * @returns An SVG document.
 * @throws RangeError Without pictures, where data do not fill a picture, or where a number is not finite; it names the picture
 * and the index.
 */
export async function imageGrid(options: ImageGridOptions): Promise<string> {
  const { images, title, captions, scale = 'grey' } = options
  checkNotEmpty('imageGrid: images', images.length, 'picture')
  if (captions) checkLength('imageGrid: captions', captions.length, 'images', images.length)
  const columns = options.columns ?? Math.min(images.length, 10, Math.ceil(Math.sqrt(images.length * 1.5)))
  if (!Number.isInteger(columns) || columns < 1) {
    throw new RangeError(`imageGrid: columns must be a positive integer, got ${columns}`)
  }
  const ranges = rangesOf(options, images.map(checkImage))
  const cell = options.imageWidth ?? Math.min(Math.max(Math.floor(688 / columns) - gap, 32), 160)
  if (!(cell >= 1 && cell <= 4096)) {
    throw new RangeError(`imageGrid: imageWidth must be 1 to 4096 pixels, got ${cell}`)
  }
  const heights = images.map(({ width, height }) => (cell * height) / width)
  const captionHeight = captions ? fontSize + 8 : 0
  const content: string[] = []
  const shown = Math.min(columns, images.length)
  const titleWidth = title === undefined ? 0 : textWidth(title, titleSize, 'bold')
  const width = Math.max(shown * (cell + gap) - gap, titleWidth) + 2 * margin
  const indent = (width - shown * (cell + gap) + gap) / 2
  let top = margin
  if (title !== undefined) {
    content.push(svgText(title, width / 2, top + 4, { size: titleSize, bold: true, colour: colours.title }))
    top += titleSize + 12
  }
  for (let first = 0; first < images.length; first += columns) {
    const row = heights.slice(first, first + columns)
    const rowHeight = row.reduce((most, each) => Math.max(most, each), 0)
    row.forEach((height, column) => {
      const index = first + column
      const x = indent + column * (cell + gap)
      const place = `x="${coordinate(x)}" y="${coordinate(top)}" width="${coordinate(cell)}" height="${coordinate(height)}"`
      const uri = pngDataUri(pixelsOf(images[index]!, scale, ranges[index]!))
      const caption = captions?.[index]
      content.push(
        `<image ${place} preserveAspectRatio="none" style="image-rendering:pixelated" href="${uri}">` +
          `${caption === undefined ? '' : `<title>${escapeXml(caption)}</title>`}</image>`,
        `<rect ${place} fill="none" stroke="${colours.grid}"/>`,
      )
      if (caption !== undefined) {
        const middle = top + rowHeight + captionHeight / 2 + 2
        content.push(
          svgText(shortened(caption, cell + gap - 2), x + cell / 2, middle, { size: fontSize - 1 }),
        )
      }
    })
    top += rowHeight + captionHeight + gap
  }
  return svgDocument(width, top - gap + margin, content)
}
