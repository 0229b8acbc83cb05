"""The compiled part of the package; all else stands in pyproject.toml."""

from sarhad_build import BuildKernels, kernel_extension
from setuptools import setup

setup(cmdclass={"build_ext": BuildKernels}, ext_modules=[kernel_extension()])
