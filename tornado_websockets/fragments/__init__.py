"""Which HTML goes where on a page."""
