"""Routes: `objects` are their Kubernetes objects, `middlewares` those of Traefik, `references` what routes name.

`routers` reads Ingresses and IngressRoutes into one form; `matches` reads the rules of IngressRoutes.
"""
