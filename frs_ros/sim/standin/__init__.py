# SPDX-License-Identifier: Apache-2.0
"""Our stand-in asset pack: boxes and cylinders in flat colours.

LIBERO's own assets are downloaded from a hub at first use. Where that cannot be reached, this pack
takes their place: same object, joint and site names, sizes measured on the collision geometry of
the originals, poses of cameras and lights as LIBERO's scenes set them. Its images do not look
like LIBERO's, and results obtained with it must say so.
"""
