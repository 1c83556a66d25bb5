"""Writes HDF5 files with h5py in its default format and in the newest, with what weights may be stored as.

Run in this folder: python3 make.py (numpy, h5py)
"""
import h5py
import numpy as np

for name, options in (('early.h5', {}), ('latest.h5', {'libver': 'latest'})):
    r = np.random.RandomState(3)
    with h5py.File(name, 'w', **options) as f:
        f['a/b/matrix'] = r.randn(3, 4).astype('f4')
        f['scalar'] = np.float64(3.5)
        f['big'] = np.array([1, -2, 70000], '>i4')
        f['half'] = r.randn(5).astype('f2')
        f['flags'] = np.array([True, False, True])
        f['bytes'] = np.arange(4, dtype='u1')
        f['nothing'] = np.zeros((0, 3), 'f4')
        f['words'] = np.array([b'one', b'two'])
        f['pair'] = np.zeros(2, [('x', 'f4'), ('y', 'f4')])
        f['link'] = h5py.SoftLink('/big')
        f['elsewhere'] = h5py.ExternalLink('other.h5', '/x')
        if name == 'early.h5':
            f.create_dataset('packed', data=r.randn(7, 11), chunks=(3, 4), compression='gzip', shuffle=True, fletcher32=True)
            f.create_dataset('chunks', data=np.arange(50, dtype='i8'), chunks=(16,))
            f.create_dataset('lzf', data=np.zeros(50), chunks=(50,), compression='lzf')
            f.create_dataset('unwritten', (4,), 'f4')
            for i in range(20):
                f[f'many/x{i}'] = np.float32(i)
        ordered = f.create_group('ordered', track_order=True)
        for i in range(12):
            ordered[f'z{11 - i}'] = np.float32(i)
        for i in range(10):
            ordered.attrs[f'k{i}'] = f'value {i}'
        f.attrs['fixed'] = np.array([b'abc', b'defg'])
        f.attrs['text'] = 'ä' * 100
        f.attrs['list'] = ['p', 'qq', 'rrr']
        f.attrs['empty'] = []
        f.attrs['number'] = 5
