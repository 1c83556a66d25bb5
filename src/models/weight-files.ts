/** Hashes and sizes of published files, of those that are known whole. */
const known: Readonly<Record<string, { readonly sha256: string; readonly bytes?: number }>> = {
  'mobilenet_v2-b0353104.pth': {
    sha256: 'b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889',
  },
  'resnet18-f37072fd.pth': {
    sha256: 'f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec',
    bytes: 46_830_571,
  },
  'resnet34-b627a593.pth': {
    sha256: 'b627a593bcbe140c234610266fe4f8ae95ea42fc881d091c9b6052e6b1d0590f',
  },
  'resnet50-0676ba61.pth': {
    sha256: '0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a',
    bytes: 102_530_333,
  },
  'resnet50-11ad3fa6.pth': {
    sha256: '11ad3fa62ca79e40addfd354a8ec4b7c75143b3038b8d2a807fbc68deab379ca',
    bytes: 102_540_417,
  },
  'resnet20-12fca82f.th': {
    sha256: '12fca82f0bebc4135bf1f32f6e3710e61d5108578464b84fd6d7f5c1b04036c8',
    bytes: 1_099_231,
  },
  'resnet32-d509ac18.th': {
    sha256: 'd509ac1820d7f25398913559d7e81a13229b1e7adc5648e3bfa5e22dc137f850',
    bytes: 1_890_043,
  },
  'resnet44-014dd654.th': {
    sha256: '014dd6541728a1c700b1642ab640e211dc6eb8ed507d70697458dc8f8a0ae2e4',
    bytes: 2_680_855,
  },
  'squeezenet1_1-b8a52dc0.pth': {
    sha256: 'b8a52dc049b60e4b6ab68ad0df457362afab8b6304b2febdc1650a5dab4d7e7b',
  },
  'vgg16-397923af.pth': {
    sha256: '397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0',
    bytes: 553_433_881,
  },
}

/** What tells a published file from others; its name ends in the first digits of its hash, eight at least. */
export function fileIdentity(file: string): {
  readonly sha256Prefix: string
  readonly sha256?: string
  readonly bytes?: number
} {
  const sha256Prefix = /-([0-9a-f]{8})[0-9a-f]*\.\w+$/.exec(file)?.[1]
  if (sha256Prefix === undefined) throw new Error(`fileIdentity: ${file} does not end in its hash`)
  return { sha256Prefix, ...known[file] }
}
